(* Samples, LLR guarantees and optimistic sample sizes of models with real parameters.

   docs/theory/definitions.md (Proposition 1 and the consequences of F1) and samples.md (counting), for real models;
   EvaluationLemma.v has the same statements, with matrices, over any field.

   X is any set of inputs; samples are lists of inputs. *)

From Coq Require Import Reals Lra Classical List.
From mathcomp Require Import ssreflect ssrfun ssrbool eqtype ssrnat seq choice fintype bigop.
From LLR Require Import RealSpans.

Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.

Local Open Scope R_scope.

Section Samples.

Variable X : Type.
Notation fn := (fn X).

(* Samples: a list S of inputs.  The only function of V that vanishes on them is zero. *)
Definition determines (S : seq X) (V : fn -> Prop) :=
  forall g, V g -> (forall x, In x S -> forall o, g x o = 0) -> forall x o, g x o = 0.

(* LLR guarantee from S for a model function f with tangent function space T: f is the only function of f + T that
   agrees with f on S. *)
Definition LLR_guarantee (f : fn) (T : fn -> Prop) (S : seq X) :=
  forall u, T (fun x o => u x o - f x o) ->
  (forall x, In x S -> forall o, u x o = f x o) -> forall x o, u x o = f x o.

Lemma LLR_determines f T S : LLR_guarantee f T S <-> determines S T.
Proof.
split=> [llr g Tg zero x o|det u Tu fit x o].
  suff: g x o + f x o = f x o by lra.
  apply: (llr (fun x o => g x o + f x o)) => [|y yS q]; last by rewrite zero //; lra.
  have -> // : (fun x o => g x o + f x o - f x o) = g by apply: fn_ext => y q; lra.
suff: u x o - f x o = 0 by lra.
by apply: (det _ Tu) => y yS q; rewrite fit //; lra.
Qed.

(* Some n <= m samples determine the span of m functions. *)
Theorem samples_exist m (g : nat -> fn) : exists S, (size S <= m)%N /\ determines S (span (family m g)).
Proof.
suff [S [size_S det]] : exists S, (size S <= m)%N /\ forall a,
    (forall x, In x S -> forall o, combination m g a x o = 0) -> forall x o, combination m g a x o = 0.
  by exists S; split=> // u /span_family [a ->] zero x o; apply: det.
elim: m g => [|m IH] g; first by exists [::]; split=> // a _ x o; rewrite /combination big_ord0.
have last a x o : combination m.+1 g a x o = combination m g a x o + a m * g m x o.
  by rewrite /combination big_ord_recr.
case: (classic (exists x, exists o, g m x o <> 0)) => [[x0 [o0 nonzero]]|none]; last first.
  have zero x o : g m x o = 0 by apply: NNPP => nz; apply: none; exists x, o.
  have [S [size_S det]] := IH g; exists S; split=> [|a van x o]; first exact: leq_trans size_S _.
  rewrite last zero Rmult_0_r Rplus_0_r; apply: det => y yS q.
  by move: (van y yS q); rewrite last zero Rmult_0_r Rplus_0_r.
pose q i := g i x0 o0 / g m x0 o0.
have [S [size_S det]] := IH (fun i x o => g i x o - q i * g m x o).
exists (x0 :: S); split=> // a van.
pose e := a m + \Sum_(i < m) (a i * q i).
have change x o : combination m.+1 g a x o
    = combination m (fun i x o => g i x o - q i * g m x o) a x o + e * g m x o.
  rewrite last /e Rmult_plus_distr_r sum_mulr (Rplus_comm (a m * _)) -Rplus_assoc; congr (_ + _).
  by rewrite /combination -sum_add; apply: eq_bigr => i _; lra.
have e0 : e = 0.
  have at0 : combination m (fun i x o => g i x o - q i * g m x o) a x0 o0 = 0.
    by apply: sum_zero => i _; rewrite /q; field.
  have := van x0 (or_introl erefl) o0; rewrite change at0 Rplus_0_l.
  by case/Rmult_integral.
move=> x o; rewrite change e0 Rmult_0_l Rplus_0_r; apply: det => y yS r.
by have := van y (or_intror yS) r; rewrite change e0 Rmult_0_l Rplus_0_r.
Qed.

(* The values at n samples of c outputs determine a space of dimension at most n c. *)
Theorem determines_needs_samples c (S : seq X) (V : fn -> Prop) r :
  (forall u, V u -> forall x o, (c <= o)%N -> u x o = 0) -> dim V r -> determines S V -> (r <= size S * c)%N.
Proof.
move=> outputs [g [indep spans]] det; rewrite leqNgt; apply/negP => more.
pose rows := List.flat_map (fun x => List.map (fun o i => g i x o) (iota 0 c)) S.
have size_rows : size rows = (size S * c)%N.
  have size_map (x : X) : size (List.map (fun o i => g i x o) (iota 0 c)) = c.
    by rewrite -[RHS](size_iota 0 c); elim: (iota 0 c) => //= o l ->.
  have size_app (l1 l2 : seq (nat -> R)) : size (l1 ++ l2)%list = (size l1 + size l2)%N.
    by elim: l1 => //= v l1 ->.
  by rewrite /rows; elim: (S) => //= x l IH; rewrite size_app IH size_map mulSn.
have [||a [[i iin ai] sol]] := @nonzero_solution rows (iota 0 r); rewrite ?iota_uniq ?size_iota ?size_rows //.
apply: ai; apply: indep; last by rewrite mem_iota in iin.
apply: det => [|x xS o]; first by apply/spans; apply: combination_in_span.
case: (ltnP o c) => oc; last by apply: (outputs (combination r g a)) => //; apply/spans; apply: combination_in_span.
rewrite -[RHS](sol (fun i => g i x o)).
  by rewrite /combination -(big_mkord xpredT (fun i => a i * g i x o)) /index_iota subn0.
apply/in_flat_map; exists x; split=> //; apply/in_map_iff; exists o; split=> //.
have : o \in iota 0 c by rewrite mem_iota.
elim: (iota 0 c) => // k l IH; rewrite inE => /orP[/eqP ->|/IH]; [by left | by right].
Qed.

(* Some dim V samples determine V. *)
Theorem samples_of_dim V r : dim V r -> exists S, (size S <= r)%N /\ determines S V.
Proof.
move=> [g [_ spans]]; have [S [size_S det]] := samples_exist r g.
by exists S; split=> // u /spans; apply: det.
Qed.

(* ---- Models with real parameters ---- *)

Definition is_least (P : nat -> Prop) (n : nat) := P n /\ forall m, P m -> (n <= m)%N.

(* Parameters theta with property A (the architecture), functions f theta with c outputs, tangent function spaces T
   theta, each of them spanned by finitely many functions. *)
Variables (Theta : Type) (A : Theta -> Prop) (f : Theta -> fn) (T : Theta -> fn -> Prop) (c : nat).
Hypothesis finitely_spanned : forall theta, A theta -> exists m g, forall u, T theta u <-> span (family m g) u.
Hypothesis outputs : forall theta, A theta -> forall u, T theta u -> forall x o, (c <= o)%N -> u x o = 0.

(* Some parameter with function fstar and some k samples have an LLR guarantee; the model rank r occurs in the
   target set. *)
Definition recoverable (fstar : fn) (k : nat) :=
  exists theta, [/\ A theta, forall x o, f theta x o = fstar x o
    & exists S, size S = k /\ LLR_guarantee (f theta) (T theta) S].
Definition rank_occurs (fstar : fn) (r : nat) :=
  exists theta, [/\ A theta, forall x o, f theta x o = fstar x o & dim (T theta) r].

Definition optimistic_sample_size (fstar : fn) := is_least (recoverable fstar).
Definition minimal_rank (fstar : fn) := is_least (rank_occurs fstar).

Lemma rank_exists theta : A theta -> exists r, dim (T theta) r.
Proof.
move=> At; have [m [g spans]] := finitely_spanned At.
have [r [_ [e [indep same]]]] := dim_exists m g.
by exists r, e; split=> // u; rewrite spans.
Qed.

Theorem optimistic_sample_size_le_rank fstar k r :
  optimistic_sample_size fstar k -> rank_occurs fstar r -> (k <= r)%N.
Proof.
move=> [_ least] [theta [At target rank]]; have [S [size_S det]] := samples_of_dim rank.
apply: leq_trans size_S; apply: least; exists theta; split=> //.
by exists S; split=> //; apply/LLR_determines.
Qed.

(* ceil(min rank / c) <= O(fstar) <= min rank. *)
Theorem optimistic_sample_size_bounds fstar k r :
  optimistic_sample_size fstar k -> minimal_rank fstar r -> (k <= r <= k * c)%N.
Proof.
move=> opt [occurs least]; rewrite (optimistic_sample_size_le_rank opt occurs) /=.
have [[theta [At target [S [size_S llr]]]] _] := opt.
have [s rank] := rank_exists At.
move/LLR_determines: llr => det; rewrite -size_S.
apply: leq_trans (determines_needs_samples (outputs At) rank det).
by apply: least; exists theta.
Qed.

End Samples.

(* One output: O(fstar) is the minimal rank over the target set. *)
Theorem optimistic_sample_size_is_minimal_rank X Theta (A : Theta -> Prop) (f : Theta -> fn X) T fstar n :
  (forall theta, A theta -> exists m g, forall u, T theta u <-> span (family m g) u) ->
  (forall theta, A theta -> forall u, T theta u -> forall x o, (1 <= o)%N -> u x o = 0) ->
  optimistic_sample_size A f T fstar n <-> minimal_rank A f T fstar n.
Proof.
move=> finite outputs.
have le theta k S : A theta -> size S = k -> LLR_guarantee (f theta) (T theta) S ->
    exists2 s, dim (T theta) s & (s <= k)%N.
  move=> At <- /LLR_determines det; have [s rank] := rank_exists finite At.
  by exists s => //; have := determines_needs_samples (outputs _ At) rank det; rewrite muln1.
split=> [opt|[occurs least]].
  have [[theta [At target [S [size_S llr]]]] _] := opt.
  have [s rank sn] := le _ _ _ At size_S llr.
  have occurs : rank_occurs A f T fstar s by exists theta.
  have ns := optimistic_sample_size_le_rank opt occurs.
  have eq_s : s = n by apply/eqP; rewrite eqn_leq sn.
  by split=> [|m]; [rewrite -eq_s | apply: optimistic_sample_size_le_rank].
have lower k : recoverable A f T fstar k -> (n <= k)%N.
  move=> [theta [At target [S [size_S llr]]]]; have [s rank sk] := le _ _ _ At size_S llr.
  by apply: leq_trans sk; apply: least; exists theta.
split=> //; have [theta [At target rank]] := occurs.
have [S [size_S det]] := samples_of_dim rank.
have llr : LLR_guarantee (f theta) (T theta) S by apply/LLR_determines.
exists theta; split=> //; exists S; split=> //; apply/eqP; rewrite eqn_leq size_S /=.
by apply: lower; exists theta; split=> //; exists S.
Qed.
