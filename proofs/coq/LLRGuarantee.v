(* LLR guarantees, model ranks and optimistic sample sizes of models over any field.

   docs/theory/definitions.md (Proposition 1 and the consequences of F1), docs/theory/samples.md (counting and
   monotonicity), docs/theory/upper-bounds.md (relations; kernel rule rank_at_most).  Notation as in
   EvaluationLemma.v. *)

From mathcomp Require Import all_ssreflect all_algebra.
From LLR Require Import EvaluationLemma.

Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.

Import GRing.Theory.
Local Open Scope ring_scope.

Section Models.

(* A model: functions f theta with tangent functions d theta 1, ..., d theta M.  Nothing is assumed about how the
   tangent functions arise from f, so the statements hold for every differentiable model. *)
Variables (K : fieldType) (X Theta : Type) (c M : nat).
Variables (f : Theta -> fn K X c) (d : Theta -> 'I_M -> fn K X c).

Definition in_target_set (fstar : fn K X c) (theta : Theta) := forall x o, f theta x o = fstar x o.

(* The model rank at theta is r: the tangent function space T(theta) has dimension r. *)
Definition model_rank (theta : Theta) (r : nat) := dim_span (d theta) r.

(* LLR guarantee: fstar is the only function in f(theta) + T(theta) that agrees with fstar on the samples. *)
Definition LLR_guarantee (fstar : fn K X c) (theta : Theta) n (S : 'I_n -> X) :=
  forall u : fn K X c, (exists a, forall x o, u x o = f theta x o + combination a (d theta) x o) ->
  (forall v o, u (S v) o = fstar (S v) o) -> forall x o, u x o = fstar x o.

Lemma LLR_determines fstar theta n (S : 'I_n -> X) : in_target_set fstar theta ->
  (LLR_guarantee fstar theta S <-> determines S (d theta)).
Proof.
move=> target; split=> [llr a zero x o|det u [a a_def] fit x o].
  apply: (addrI (f theta x o)); rewrite addr0 [RHS]target.
  pose u : fn K X c := fun x o => f theta x o + combination a (d theta) x o.
  by apply: (llr u) => [|v q]; [exists a | rewrite /u zero addr0 target].
rewrite a_def target det ?addr0 // => v q.
by apply: (addrI (f theta (S v) q)); rewrite -a_def fit addr0 target.
Qed.

(* Proposition 1: S carries an LLR guarantee at theta iff rank J_S(theta) = rank(theta). *)
Theorem LLR_guarantee_iff_rank fstar theta r n (S : 'I_n -> X) :
  in_target_set fstar theta -> model_rank theta r ->
  (LLR_guarantee fstar theta S <-> \rank (evaluation_matrix (d theta) S) = r).
Proof. by move=> target rank; rewrite LLR_determines // (determines_rank _ rank). Qed.

(* Counting: n samples with n c < rank(theta) never carry a guarantee; for one output, n < rank(theta) never does. *)
Theorem LLR_guarantee_needs_samples fstar theta r n (S : 'I_n -> X) :
  in_target_set fstar theta -> model_rank theta r -> LLR_guarantee fstar theta S -> (r <= n * c)%N.
Proof. by move=> target rank /(LLR_guarantee_iff_rank _ target rank) <-; apply: rank_leq_row. Qed.

(* Some rank(theta) samples carry a guarantee. *)
Theorem LLR_guarantee_exists fstar theta r :
  in_target_set fstar theta -> model_rank theta r -> exists S : 'I_r -> X, LLR_guarantee fstar theta S.
Proof.
move=> target [h basis]; have [indep _ _] := basis.
have [p unit] := (evaluation_lemma h).1 indep.
exists (fun v => (p v).1); apply/(LLR_determines _ target)/(determines_basis _ basis) => a.
move/evaluation_matrix_zero => zero.
suff: places_matrix h p *m a = 0 by move/(congr1 (mulmx (invmx (places_matrix h p)))); rewrite mulKmx // mulmx0.
by apply/matrixP => v s; rewrite ord1 places_matrix_mul mxE zero.
Qed.

(* One non-singular r x r submatrix of J_S(theta), or of any evaluation matrix, proves rank(theta) >= r. *)
Theorem minor_bounds_rank theta r s (g : 'I_r -> 'I_M) (p : 'I_r -> place X c) :
  places_matrix (fun i => d theta (g i)) p \in unitmx -> model_rank theta s -> (r <= s)%N.
Proof.
move=> unit [h basis]; have [indep hg gh] := basis.
have gh' i : in_span h (d theta (g i)) by apply: gh.
have [C C_def] := span_matrix gh'.
have : (\rank (places_matrix (fun i => d theta (g i)) p) <= s)%N.
  by rewrite (places_matrix_span p C_def) (leq_trans (mxrankM_maxl _ _)) // rank_leq_col.
by rewrite mxrank_unit.
Qed.

(* Kernel rule rank_at_most: K independent linear relations among the M tangent functions prove rank(theta) <= M -
   K. *)
Theorem rank_at_most theta r k (rel : 'M[K]_(k, M)) : row_free rel ->
  (forall s x o, combination (fun i => rel s i) (d theta) x o = 0) -> model_rank theta r -> (r <= M - k)%N.
Proof.
move=> free zero [h [indep hg gh]].
have [C C_def] := span_matrix gh; have [D D_def] := span_matrix hg.
have rankC : \rank C = r.
  by apply/eqP/row_freeP; exists D; apply: span_matrix_inverse indep C_def D_def.
have : C *m rel^T = 0.
  apply/matrixP => v s; rewrite [RHS]mxE.
  have -> : (C *m rel^T) v s = (C *m (\col_i rel s i)) v 0.
    by rewrite !mxE; apply: eq_bigr => i _; rewrite !mxE.
  suff -> : C *m (\col_i rel s i) = 0 by rewrite mxE.
  apply: (independent_col indep) => x o.
  by rewrite -(combination_comp _ _ _ C_def) -combination_col.
move/mulmx0_rank_max; rewrite rankC mxrank_tr (eqP free) => bound.
by rewrite leq_subRL ?(leq_trans _ bound) ?leq_addl // addnC.
Qed.

Definition is_least (P : nat -> Prop) (n : nat) := P n /\ forall m, P m -> (n <= m)%N.

(* O(fstar): the least n such that some theta in the target set and some n samples have an LLR guarantee. *)
Definition optimistic_sample_size (fstar : fn K X c) (n : nat) :=
  is_least (fun n => exists theta, in_target_set fstar theta /\ exists S : 'I_n -> X, LLR_guarantee fstar theta S) n.
Definition minimal_rank (fstar : fn K X c) (r : nat) :=
  is_least (fun r => exists theta, in_target_set fstar theta /\ model_rank theta r) r.

Theorem optimistic_sample_size_le_rank fstar theta r n :
  optimistic_sample_size fstar n -> in_target_set fstar theta -> model_rank theta r -> (n <= r)%N.
Proof.
move=> [_ least] target rank; apply: least; exists theta; split=> //.
exact: LLR_guarantee_exists target rank.
Qed.

(* ceil(min rank / c) <= O(fstar) <= min rank. *)
Theorem optimistic_sample_size_bounds fstar n r :
  optimistic_sample_size fstar n -> minimal_rank fstar r -> (n <= r <= n * c)%N.
Proof.
move=> opt [[theta [target rank]] least]; rewrite (optimistic_sample_size_le_rank opt target rank) /=.
have [[theta' [target' [S llr]]] _] := opt.
have [s _ rank'] := dim_span_exists (d theta').
by apply: leq_trans (LLR_guarantee_needs_samples target' rank' llr); apply: least; exists theta'.
Qed.

End Models.

(* One output: O(fstar) is the minimal rank over the target set (arXiv 2406.18035, Theorem 1). *)
Theorem optimistic_sample_size_is_minimal_rank (K : fieldType) (X Theta : Type) (M : nat)
  (f : Theta -> fn K X 1) (d : Theta -> 'I_M -> fn K X 1) (fstar : fn K X 1) (n : nat) :
  optimistic_sample_size f d fstar n <-> minimal_rank f d fstar n.
Proof.
split=> [opt|[[theta [target rank]] least]].
  have [[theta [target [S llr]]] _] := opt.
  have [r _ rank] := dim_span_exists (d theta).
  have nr := optimistic_sample_size_le_rank opt target rank.
  have rn : (r <= n)%N by move: (LLR_guarantee_needs_samples target rank llr); rewrite muln1.
  have rn_eq : r = n by apply/eqP; rewrite eqn_leq rn nr.
  split=> [|s [theta' [target' rank']]]; first by exists theta; rewrite -rn_eq.
  exact: optimistic_sample_size_le_rank opt target' rank'.
split=> [|m [theta' [target' [S llr]]]].
  by exists theta; split=> //; apply: LLR_guarantee_exists target rank.
have [s _ rank'] := dim_span_exists (d theta').
move: (LLR_guarantee_needs_samples target' rank' llr); rewrite muln1; apply: leq_trans.
by apply: least; exists theta'.
Qed.

(* Monotonicity (samples.md): if T(theta0) lies in T(theta), samples that work at theta work at theta0. *)
Theorem LLR_guarantee_monotone (K : fieldType) (X Theta Theta0 : Type) (c M M0 : nat)
  (f : Theta -> fn K X c) (d : Theta -> 'I_M -> fn K X c)
  (f0 : Theta0 -> fn K X c) (d0 : Theta0 -> 'I_M0 -> fn K X c) fstar theta theta0 n (S : 'I_n -> X) :
  in_target_set f fstar theta -> in_target_set f0 fstar theta0 ->
  (forall i, in_span (d theta) (d0 theta0 i)) ->
  LLR_guarantee f d fstar theta S -> LLR_guarantee f0 d0 fstar theta0 S.
Proof.
move=> target target0 sub /(LLR_determines _ _ target) det; apply/(LLR_determines _ _ target0) => a zero x o.
have [C C_def] := span_matrix sub.
rewrite combination_col (combination_comp _ _ _ C_def); apply: det => v q.
by rewrite -(combination_comp _ _ _ C_def) -combination_col.
Qed.
