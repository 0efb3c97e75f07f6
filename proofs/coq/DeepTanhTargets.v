(* T3: the minimal rank over a target set of deep tanh networks, and their optimistic sample size.

   docs/theory/deep-tanh.md (T3: the minimal rank over a target set), for functions that are not constant.  Let the
   architecture be upward closed: if a layer has biases, then so has the next one.

     minimal_rank_deep_tanh:  let the function be given by an irreducible network N with at least one hidden layer and
     none empty, and let the architecture have the depth and the biases of N and no layer less wide.  Then the least
     rank of its networks with this function is the number M of parameters of N.
     optimistic_sample_size_deep_tanh:  for one output, the optimistic sample size of the function is M.

   Proof as on paper: a network with this function is reduced by R1, R2 and R3 (Reductions.v) until it is
   irreducible; by T2 it then has the widths of N, by T1 the rank M; reductions do not increase the rank. *)

From Coq Require Import Reals Lra Classical FunctionalExtensionality List.
From mathcomp Require Import ssreflect ssrfun ssrbool eqtype ssrnat seq choice fintype bigop.
From Coquelicot Require Import Coquelicot.
From LLR Require Import RealSpans RealModels LayeredNetwork EmbeddingPrinciple EmbeddingMoves EmbeddingConsequences
  Activations Reductions.
From LLR Require Import DeepTanhTower DeepTanhNetworks DeepTanhIrreducible DeepTanhUnion DeepTanhUniqueness.
From LLR Require DeepTanhBase.

Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.

Local Open Scope R_scope.

(* The bias flags of the layers, and upward closed sequences of them. *)
Definition flags (N : network) : seq bool := [seq biased L | L <- N].
Fixpoint upward_closed (b : seq bool) : Prop :=
  if b is b1 :: r then (if r is b2 :: _ then b1 -> b2 else True) /\ upward_closed r else True.

Notation reduced := (reduced tanh dtanh).
Notation identity := (fun x : vec => x).

Definition constant n N := exists c : nat -> R, forall x o, output tanh n N x o = c o.

(* ---- Reduction to an irreducible network ---- *)

(* A condition on all pairs of successive layers. *)
Lemma irreducible_pairs N : forall n, (forall P L L2 A, N = P ++ [:: L, L2 & A] -> clean (fan_in n P) L /\
    forall k, (k < width L)%N -> exists2 i, (i < width L2)%N & weight L2 i k <> 0) -> irreducible n N.
Proof.
elim: N => [|L [|L2 N] IH] n all //; split; first exact: (all [::] L L2 N erefl).
by apply: IH => P L0 L1 A eq; apply: (all (L :: P)); rewrite eq.
Qed.

Lemma upward_closed_pair P L L2 A : upward_closed (flags (P ++ [:: L, L2 & A])) -> biased L -> biased L2.
Proof.
elim: P => [|L0 P IH] /=; first by case.
by move=> [_ /IH].
Qed.

Lemma outputs_cat n P L M : outputs n (P ++ L :: M) = outputs (width L) M.
Proof. by elim: P n => [|L0 P IH] n //=; apply: IH. Qed.

(* Either irreducible, or a reduction applies, which takes one neuron away. *)
Lemma reduction_step n N : upward_closed (flags N) -> irreducible n N \/ exists N',
  [/\ reduced n N N', N' <> [::], flags N' = flags N, outputs n N' = outputs n N
    & (sumn [seq width L | L <- N'] < sumn [seq width L | L <- N])%N].
Proof.
move=> up; case: (classic (forall P L L2 A, N = P ++ [:: L, L2 & A] -> clean (fan_in n P) L /\
    forall k, (k < width L)%N -> exists2 i, (i < width L2)%N & weight L2 i k <> 0)) => [|bad].
  by left; apply: irreducible_pairs.
right; have [P [L [L2 [A [eq not_good]]]]] : exists P L L2 A, N = P ++ [:: L, L2 & A] /\
    ~ (clean (fan_in n P) L /\ forall k, (k < width L)%N -> exists2 i, (i < width L2)%N & weight L2 i k <> 0).
  apply: NNPP => none; apply: bad => P L L2 A eq; apply: NNPP => not_good; apply: none.
  by exists P, L, L2, A.
subst N; have bias_up := upward_closed_pair up.
(* What is common to the three reductions, of unit d. *)
have step d L2' : (d < width L)%N -> width L2' = width L2 -> biased L2' = biased L2 ->
    reduced n (P ++ [:: L, L2 & A]) (P ++ [:: without_unit d L, L2' & A]) -> exists N',
    [/\ reduced n (P ++ [:: L, L2 & A]) N', N' <> [::], flags N' = flags (P ++ [:: L, L2 & A]),
      outputs n N' = outputs n (P ++ [:: L, L2 & A])
      & (sumn [seq width L | L <- N'] < sumn [seq width L | L <- P ++ [:: L, L2 & A]])%N].
  move=> dL w2 b2 red; exists (P ++ [:: without_unit d L, L2' & A]); split=> //.
  - by case: (P).
  - by rewrite /flags !map_cat /= b2.
  - by rewrite !outputs_cat /= w2.
  by rewrite !map_cat !sumn_cat /= w2 ltn_add2l ltn_add2r; case: (width L) dL.
case: (classic (exists2 d, (d < width L)%N & forall i, (i < width L2)%N -> weight L2 i d = 0)) => [[d dL zero]|out].
  by apply: (step d (next_dropped d L2) dL) => //; apply: (@reduction_R2 tanh dtanh 0).
case: (classic (exists2 d, (d < width L)%N & forall k, (k < fan_in n P)%N -> weight L d k = 0)) => [[d dL zero]|rows].
  apply: (step d (next_absorbed d (tanh (offset L d)) L2) dL) => //; apply: (@reduction_R3 tanh dtanh 0) => //.
  case bL: (biased L); first by left; apply: bias_up.
  by right; rewrite /offset bL tanh_zero.
have [d [j [dL jL dj [e [rows_eq off_eq]]]]] : exists d j, [/\ (d < width L)%N, (j < width L)%N, d <> j &
    exists e, (forall k, (k < fan_in n P)%N -> weight L d k = sign e * weight L j k)
      /\ offset L d = sign e * offset L j].
  apply: NNPP => none; apply: not_good; split; last first.
    move=> k kL; apply: NNPP => no; apply: out; exists k => // i iL2; apply: NNPP => nz; apply: no; by exists i.
  split=> [i iL|i k iL kL ik e eq].
    apply: NNPP => no; apply: rows; exists i => // k kn; apply: NNPP => nz; apply: no; by exists k.
  by apply: none; exists i, k; split=> //; exists e.
have sE : (if ~~ e then -1 else 1) = sign e by case: (e).
apply: (step d (next_merged d j (if ~~ e then -1 else 1) L2) dL) => //.
apply: (@reduction_R1 tanh dtanh (-1)) => //; rewrite ?sE //.
- by apply/eqP => jd; apply: dj.
- by move=> _; apply: tanh_parity.
Qed.

(* A network with an empty hidden layer has a constant function. *)
Lemma empty_layer_constant N : forall n, ~ no_empty_layer N -> constant n N.
Proof.
elim: N => [|L [|L2 N] IH] n; [by case | by move=> no; case: no |].
move=> /not_and_or [empty|/(IH (width L)) [c cE]].
  exists (output tanh n [:: L, L2 & N] (fun _ => 0)) => x o.
  apply: (@output_ext (width L) (L2 :: N) (activation tanh (preactivation n L x))
    (activation tanh (preactivation n L (fun _ => 0)))) => // j.
  by move: empty; case: (width L).
by exists c => x o; apply: (cE (activation tanh (preactivation n L x))).
Qed.

Theorem reduces_to_irreducible n N : N <> [::] -> upward_closed (flags N) -> ~ constant n N ->
  exists N', [/\ reduced n N N', N' <> [::], irreducible n N', no_empty_layer N'
    & flags N' = flags N /\ outputs n N' = outputs n N].
Proof.
move: {2}(sumn _).+1 (ltnSn (sumn [seq width L | L <- N])) => k.
elim: k N => // k IH N size_N nil up not_constant.
case: (reduction_step n up) => [irr|[N1 [red nil1 fl out smaller]]].
  exists N; split=> //; apply: NNPP => empty; apply: not_constant; exact: empty_layer_constant.
have [|||N' [red' nil' irr ne [fl' out']]] := IH N1 (leq_trans smaller _) nil1.
- by rewrite ltnS in size_N.
- by rewrite fl.
- by move=> [c cE]; apply: not_constant; exists c => x o; rewrite -(cE x o); case: red => ->.
exists N'; split=> //; last by rewrite fl' out'.
exact: reduced_transitive red red'.
Qed.

(* ---- T3 ---- *)

Lemma irreducible_not_constant n L L2 N : irreducible n [:: L, L2 & N] -> no_empty_layer [:: L, L2 & N] ->
  ~ constant n [:: L, L2 & N].
Proof.
move=> irr ne [c cE]; have [u [gen _]] := @generic_line n L (fun _ _ => 0).
apply: (output_not_in_ring line_level (irreducible_on_line gen irr) ne) => o.
have -> : (fun t : R => output tanh 1 [:: layer_on_line n u (fun _ => 0) L, L2 & N] (fun _ => t) o) = fun _ => c o.
  by apply: functional_extensionality => t; rewrite output_on_line.
exact: (const_in DeepTanhBase.polynomial_ring).
Qed.

Lemma parameters_shape N N' : forall n, [seq width L | L <- N] = [seq width L | L <- N'] -> flags N = flags N' ->
  parameters n N = parameters n N'.
Proof. by elim: N N' => [|L N IH] [|L' N'] //= n [w ws] [b bs]; rewrite w b (IH N'). Qed.

Lemma flags_shape N : flags N = [seq e.2 | e <- shape N].
Proof. by rewrite /flags /shape -map_comp. Qed.

Lemma narrower_flags s' : forall s, narrower s' s -> [seq e.2 | e <- s'] = [seq e.2 | e <- s] /\
  forall n, last n [seq e.1 | e <- s'] = last n [seq e.1 | e <- s].
Proof.
elim: s' => [|[m' b'] s' IH] [|[m b] s]; [by case | by case | by case: s' {IH} => [|[]] |].
case: s' IH => [|[m1' b1'] s'] IH; case: s => [|[m1 b1] s].
- by move=> [-> ->].
- by move=> [_ _ _ []].
- by case=> _ _ _; case: (s').
move=> [_ _ -> rest]; have [fl la] := IH ((m1, b1) :: s) rest; split=> [|n]; last exact: (la m).
exact: (f_equal (cons b) fl).
Qed.

Lemma outputs_last n N : outputs n N = last n [seq e.1 | e <- shape N].
Proof. by elim: N n => [|L N IH] n //=; apply: IH. Qed.

Section Targets.

Variables (n : nat) (L L2 : layer) (N : network) (sh : seq (nat * bool)).
Notation target := [:: L, L2 & N].
Hypothesis irreducible_target : irreducible n target.
Hypothesis no_empty_target : no_empty_layer target.
Hypothesis fits : narrower (shape target) sh.
Hypothesis upward : upward_closed [seq e.2 | e <- sh].

(* Every network of the architecture with the function of the target has at least the rank M. *)
Theorem rank_lower_bound T r : shape T = sh -> (forall x o, output tanh n T x o = output tanh n target x o) ->
  dim (tangent_space tanh dtanh identity n T) r -> (parameters n target <= r)%N.
Proof.
move=> shape_T same rank; have [fl la] := narrower_flags fits.
have flags_T : flags T = flags target by rewrite !flags_shape shape_T fl.
have not_constant : ~ constant n T.
  move=> [c cE]; apply: (irreducible_not_constant irreducible_target no_empty_target).
  by exists c => x o; rewrite -same.
have nil : T <> [::].
  by move=> T0; move: shape_T fits; rewrite T0 => <-; case: (N).
have up_T : upward_closed (flags T) by rewrite flags_shape shape_T.
have [N' [red nil' irr ne [fl' out']]] := reduces_to_irreducible nil up_T not_constant.
have out_eq : outputs n target = outputs n N' by rewrite out' !outputs_last la shape_T.
have widths := unique_widths nil' irreducible_target irr no_empty_target ne out_eq (fun x o => _).
rewrite (parameters_shape (N' := N')); last by rewrite fl' flags_T.
  exact: (reduced_rank red rank (irreducible_rank irr)).
by apply: widths => x o; rewrite -same; case: red => ->.
Qed.

Theorem minimal_rank_deep_tanh :
  network_minimal_rank tanh dtanh identity n sh (network_function tanh identity n target) (parameters n target).
Proof.
split; last by move=> r [T [shape_T same rank]]; apply: (rank_lower_bound shape_T same rank).
have [N1 [shape1 same spaces]] := widening Activations.tanh_derivative 0 n identity fits.
exists N1; split=> //.
have [e [indep spans]] := irreducible_rank irreducible_target.
by exists e; split=> // u; rewrite spaces.
Qed.

Theorem optimistic_sample_size_deep_tanh : last n [seq e.1 | e <- sh] = 1%N ->
  network_optimistic_sample_size tanh dtanh identity n sh (network_function tanh identity n target)
    (parameters n target).
Proof. by move=> one; apply/network_optimistic_sample_size_is_minimal_rank => //; apply: minimal_rank_deep_tanh. Qed.

End Targets.
