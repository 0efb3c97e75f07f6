(* Finite sums of real numbers, linear spans of real functions, and their dimension.

   MathComp's fields have a choice function.  Coq's real numbers have none without a further axiom, so what the
   theorems on networks need of linear algebra is proved here for the real numbers themselves.

   X is any set of inputs.  Functions have real outputs numbered by 0, 1, 2, ...; a function with c outputs is one
   whose outputs c, c + 1, ... are zero. *)

From Coq Require Import Reals Lra Classical FunctionalExtensionality List.
From mathcomp Require Import ssreflect ssrfun ssrbool eqtype ssrnat seq choice fintype bigop.

Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.

Local Open Scope R_scope.

(* ---- Sums over {0, ..., n - 1} ---- *)

Lemma RplusA : associative Rplus. Proof. by move=> x y z; rewrite Rplus_assoc. Qed.
Lemma RplusC : commutative Rplus. Proof. exact: Rplus_comm. Qed.
Lemma Rplus0l : left_id 0 Rplus. Proof. exact: Rplus_0_l. Qed.
Lemma Rplus0r : right_id 0 Rplus. Proof. exact: Rplus_0_r. Qed.
Lemma Rmult0l : left_zero 0 Rmult. Proof. exact: Rmult_0_l. Qed.
Lemma Rmult0r : right_zero 0 Rmult. Proof. exact: Rmult_0_r. Qed.
Lemma RmultDl : left_distributive Rmult Rplus. Proof. by move=> x y z; rewrite Rmult_plus_distr_r. Qed.
Lemma RmultDr : right_distributive Rmult Rplus. Proof. by move=> x y z; rewrite Rmult_plus_distr_l. Qed.

Canonical Rplus_monoid := Monoid.Law RplusA Rplus0l Rplus0r.
Canonical Rplus_comoid := Monoid.ComLaw RplusC.
Canonical Rmult_muloid := Monoid.MulLaw Rmult0l Rmult0r.
Canonical Rplus_addoid := Monoid.AddLaw RmultDl RmultDr.

Notation "\Sum_ ( i < n ) F" := (\big[Rplus/0]_(i < n) F)
  (at level 41, F at level 41, i, n at level 50, format "\Sum_ ( i  <  n )  F") : R_scope.
Notation "\Sum_ ( i < n | P ) F" := (\big[Rplus/0]_(i < n | P) F)
  (at level 41, F at level 41, i, n at level 50, format "\Sum_ ( i  <  n  |  P )  F") : R_scope.

Lemma sum_mull n a (F : 'I_n -> R) : a * (\Sum_(i < n) F i) = \Sum_(i < n) (a * F i).
Proof. exact: big_distrr. Qed.

Lemma sum_mulr n a (F : 'I_n -> R) : (\Sum_(i < n) F i) * a = \Sum_(i < n) (F i * a).
Proof. exact: big_distrl. Qed.

Lemma sum_add n (F G : 'I_n -> R) : \Sum_(i < n) (F i + G i) = (\Sum_(i < n) F i) + \Sum_(i < n) G i.
Proof. exact: big_split. Qed.

Lemma sum_zero n (P : pred 'I_n) (F : 'I_n -> R) : (forall i, P i -> F i = 0) -> \Sum_(i < n | P i) F i = 0.
Proof. exact: big1. Qed.

Lemma sum_swap m n (F : 'I_m -> 'I_n -> R) :
  \Sum_(i < m) \Sum_(j < n) F i j = \Sum_(j < n) \Sum_(i < m) F i j.
Proof. exact: exchange_big. Qed.

(* A sum with one non-zero term. *)
Lemma sum_single n (k : nat) (F : nat -> R) : (k < n)%N ->
  (forall i, (i < n)%N -> i != k -> F i = 0) -> \Sum_(i < n) F i = F k.
Proof.
move=> kn zero; rewrite (bigD1 (Ordinal kn)) //= big1 ?Rplus_0_r // => i ik.
by apply: zero => //; apply: contra ik => /eqP eq; apply/eqP/val_inj.
Qed.

(* ---- Spans ---- *)

Section Spans.

Variable X : Type.
Definition fn := X -> nat -> R.

(* The linear span of a set G of functions. *)
Inductive span (G : fn -> Prop) : fn -> Prop :=
| span_zero : span G (fun _ _ => 0)
| span_generator g : G g -> span G g
| span_add u v : span G u -> span G v -> span G (fun x o => u x o + v x o)
| span_scale a u : span G u -> span G (fun x o => a * u x o).

Lemma fn_ext (u v : fn) : (forall x o, u x o = v x o) -> u = v.
Proof. by move=> eq; apply: functional_extensionality => x; apply: functional_extensionality => o. Qed.

Lemma span_ext G (u v : fn) : span G v -> (forall x o, u x o = v x o) -> span G u.
Proof. by move=> sv /fn_ext ->. Qed.

Lemma span_sum G n (F : 'I_n -> fn) : (forall i, span G (F i)) -> span G (fun x o => \Sum_(i < n) F i x o).
Proof.
elim: n F => [|n IH] F all.
  by apply: (span_ext (span_zero G)) => x o; rewrite big_ord0.
have sum := span_add (IH (fun i => F (widen_ord (leqnSn n) i)) (fun i => all _)) (all ord_max).
by apply: (span_ext sum) => x o; rewrite big_ord_recr.
Qed.

Lemma span_subset (G H : fn -> Prop) : (forall g, G g -> span H g) -> forall u, span G u -> span H u.
Proof.
move=> sub u; elim=> {u} [|g Gg|u v _ su _ sv|a u _ su].
- exact: span_zero.
- exact: sub.
- exact: span_add.
- exact: span_scale.
Qed.

Definition combination m (g : nat -> fn) (a : nat -> R) : fn := fun x o => \Sum_(i < m) (a i * g i x o).

(* The span of the m functions g_0, ..., g_(m-1) consists of their linear combinations. *)
Definition family m (g : nat -> fn) : fn -> Prop := fun u => exists2 i, (i < m)%N & u = g i.

Lemma span_family m g u : span (family m g) u -> exists a, u = combination m g a.
Proof.
elim=> {u} [|u [i im ->]|u v _ [a ->] _ [b ->]|s u _ [a ->]].
- by exists (fun _ => 0); apply: fn_ext => x o; rewrite /combination big1 // => i _; lra.
- exists (fun j => if j == i then 1 else 0); apply: fn_ext => x o.
  rewrite /combination (@sum_single _ i (fun j => (if j == i then 1 else 0) * g j x o)) // => [|j _ /negbTE ->].
    by rewrite eqxx; lra.
  by lra.
- exists (fun i => a i + b i); apply: fn_ext => x o; rewrite /combination -sum_add.
  by apply: eq_bigr => i _; lra.
- exists (fun i => s * a i); apply: fn_ext => x o; rewrite /combination sum_mull.
  by apply: eq_bigr => i _; lra.
Qed.

(* ---- Dimension ---- *)

Definition independent r (g : nat -> fn) :=
  forall a, (forall x o, combination r g a x o = 0) -> forall i, (i < r)%N -> a i = 0.

(* V has dimension r: it is the span of r independent functions. *)
Definition dim (V : fn -> Prop) (r : nat) :=
  exists g, independent r g /\ forall u, V u <-> span (family r g) u.

Lemma combination_in_span m g a : span (family m g) (combination m g a).
Proof. by apply: span_sum => i; apply: span_scale; apply: span_generator; exists (val i); first exact: ltn_ord. Qed.

(* A space spanned by m functions has a dimension, which is at most m. *)
Theorem dim_exists m (g : nat -> fn) : exists r, (r <= m)%N /\ dim (span (family m g)) r.
Proof.
elim: m => [|m [r [rm [e [indep spans]]]]]; first by exists 0%N; split=> //; exists g; split.
have widen u : span (family m g) u -> span (family m.+1 g) u.
  by apply: span_subset => v [i im ->]; apply: span_generator; exists i; first exact: ltnW.
case: (classic (span (family m g) (g m))) => [old|new].
  exists r; split; first exact: leq_trans rm _.
  exists e; split=> // u; split=> [|/spans /widen //].
  apply: span_subset => v [i]; rewrite ltnS leq_eqVlt => /orP[/eqP ->|im] ->; apply/spans => //.
  by apply: span_generator; exists i.
pose e' i := if i == r then g m else e i.
have e'_old a x o : combination r.+1 e' a x o = combination r e a x o + a r * g m x o.
  rewrite /combination big_ord_recr /= {2}/e' eqxx; congr (_ + _).
  by apply: eq_bigr => i _; rewrite /e' (ltn_eqF (ltn_ord i)).
exists r.+1; split=> //; exists e'; split=> [a zero|u].
  have last : a r = 0.
    apply: NNPP => nonzero; apply: new; apply/spans.
    apply: (span_ext (span_scale (- / a r) (combination_in_span r e a))) => x o.
    have -> : combination r e a x o = - (a r * g m x o) by have := zero x o; rewrite e'_old; lra.
    by field.
  move=> i; rewrite ltnS leq_eqVlt => /orP[/eqP -> //|ir]; apply: indep ir => x o.
  by have := zero x o; rewrite e'_old last Rmult_0_l Rplus_0_r.
split; apply: span_subset => v [i iN ->]; last first.
  rewrite /e'; case: eqP => [_|/eqP ir]; first by apply: span_generator; exists m.
  apply: widen; apply/spans; apply: span_generator; exists i => //.
  by rewrite ltn_neqAle ir -ltnS.
move: iN; rewrite ltnS leq_eqVlt => /orP[/eqP ->|im].
  by apply: span_generator; exists r; rewrite /e' ?eqxx.
have old : span (family m g) (g i) by apply: span_generator; exists i.
move/spans/span_family: old => [b ->].
apply: (span_ext (combination_in_span r.+1 e' (fun j => if j == r then 0 else b j))) => x o.
rewrite e'_old eqxx Rmult_0_l Rplus_0_r; apply: eq_bigr => j _.
by rewrite (ltn_eqF (ltn_ord j)).
Qed.

(* Fewer linear equations than unknowns have a solution that is not zero. *)
Lemma nonzero_solution (rows : seq (nat -> R)) (cols : seq nat) : uniq cols -> (size rows < size cols)%N ->
  exists a : nat -> R, (exists2 i, i \in cols & a i <> 0) /\
    forall w, In w rows -> \big[Rplus/0]_(i <- cols) (a i * w i) = 0.
Proof.
move eq_n: (size rows) => n; elim: n rows cols eq_n => [|n IH] rows cols size_rows uniq_cols more.
  case: rows size_rows => // _; case: cols more {uniq_cols} => // i cols _; exists (fun _ => 1); split=> //.
  by exists i; [rewrite inE eqxx | lra].
case: rows size_rows => // w rows [size_rows].
case: (classic (exists2 p, p \in cols & w p <> 0)) => [[p pin wp]|none]; last first.
  have [a [nonzero sol]] := IH rows cols size_rows uniq_cols (ltnW more); exists a; split=> // v [<-|]; last exact: sol.
  rewrite big_seq big1 // => i icols.
  have -> : w i = 0 by apply: NNPP => wi; apply: none; exists i.
  exact: Rmult_0_r.
pose reduce (v : nat -> R) i := v i - v p / w p * w i.
have size_cols : (n < size (rem p cols))%N by rewrite size_rem //; case: (cols) more.
have [|a [[i iin ai] sol]] := IH (List.map reduce rows) (rem p cols) _ (rem_uniq p uniq_cols) size_cols.
  by rewrite -size_rows; elim: (rows) => //= v l ->.
have p_out : forall k, k \in rem p cols -> (k == p) = false.
  by move=> k; rewrite mem_rem_uniq // inE => /andP[/negbTE].
pose total := \big[Rplus/0]_(k <- rem p cols) (a k * w k).
pose b k := if k == p then - total / w p else a k.
have sum v : \big[Rplus/0]_(k <- cols) (b k * v k)
    = \big[Rplus/0]_(k <- rem p cols) (a k * v k) - total / w p * v p.
  rewrite (perm_big _ (perm_to_rem pin)) big_cons /= {1}/b eqxx Rplus_comm.
  rewrite /Rminus; congr (_ + _); last by rewrite /Rdiv; ring.
  by apply: eq_big_seq => k kin; rewrite /b p_out.
exists b; split=> [|v].
  by exists i; [apply: mem_rem iin | rewrite /b p_out].
case=> [<-|vin]; rewrite sum; first by rewrite -/total; field.
have := sol _ (in_map reduce _ _ vin); rewrite /reduce.
rewrite (eq_bigr (fun k => a k * v k + - (v p / w p) * (a k * w k))) => [|k _]; last by ring.
rewrite big_split -big_distrr /= -/total => zero.
by rewrite -[RHS]zero /Rminus; congr (_ + _); rewrite /Rdiv; ring.
Qed.

(* A smaller space has a smaller dimension; so a space has one dimension. *)
Theorem dim_monotone (V W : fn -> Prop) r s : (forall u, V u -> W u) -> dim V r -> dim W s -> (r <= s)%N.
Proof.
move=> sub [g [indep spansV]] [e [_ spansW]]; rewrite leqNgt; apply/negP => more.
have expressed (i : 'I_r) : exists b, g i = combination s e b.
  by apply: span_family; apply/spansW/sub/spansV; apply: span_generator; exists (val i); first exact: ltn_ord.
have [b b_def] := fin_all_exists expressed.
pose coefficient j i := if insub i is Some i' then b (i' : 'I_r) j else 0.
have coefficientE j (i : 'I_r) : coefficient j i = b i j by rewrite /coefficient valK.
pose rows := List.map coefficient (iota 0 s).
have size_rows : size rows = s by rewrite /rows -[RHS](size_iota 0 s); elim: (iota 0 s) => //= j l ->.
have [||a [[i iin ai] sol]] := @nonzero_solution rows (iota 0 r); rewrite ?iota_uniq ?size_iota ?size_rows //.
apply: ai; apply: indep; last by rewrite mem_iota in iin.
move=> x o; rewrite /combination.
rewrite (eq_bigr (fun k : 'I_r => \Sum_(j < s) (a k * b k j * e j x o))) => [|k _]; last first.
  by rewrite b_def /combination sum_mull; apply: eq_bigr => j _; rewrite Rmult_assoc.
rewrite sum_swap; apply: sum_zero => j _; rewrite -sum_mulr.
suff -> : \Sum_(k < r) (a k * b k j) = 0 by rewrite Rmult_0_l.
rewrite -[RHS](sol (coefficient j)).
  have -> : iota 0 r = index_iota 0 r by rewrite /index_iota subn0.
  by rewrite big_mkord; apply: eq_bigr => k _; rewrite coefficientE.
apply/in_map_iff; exists (val j); split=> //.
have : val j \in iota 0 s by rewrite mem_iota ltn_ord.
elim: (iota 0 s) => // k l IH; rewrite inE => /orP[/eqP ->|/IH]; [by left | by right].
Qed.

Theorem dim_unique V r s : dim V r -> dim V s -> r = s.
Proof. by move=> hr hs; apply/eqP; rewrite eqn_leq !(@dim_monotone V V) // => u. Qed.

End Spans.
