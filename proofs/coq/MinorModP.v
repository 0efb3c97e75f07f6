(* The arithmetic of a rank certificate: a minor that is not zero modulo p is not zero.

   docs/theory/given-weights.md and definitions.md (consequence 1 of F1); kernel rule rank_at_least.

   The kernel computes a minor in the field of p elements.  The entries of the evaluation matrix lie in a
   commutative ring R that is embedded in a field K (numbers or functions) and has a ring homomorphism to F_p.
   Determinants commute with ring homomorphisms, so a minor that is not zero in F_p is not zero in R, nor in K. *)

From mathcomp Require Import all_ssreflect all_algebra.
From LLR Require Import EvaluationLemma LLRGuarantee.

Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.

Import GRing.Theory Num.Theory.
Local Open Scope ring_scope.

(* The submatrix with rows a_1, ..., a_r and columns b_1, ..., b_r. *)
Definition minor_of (R : Type) m n r (A : 'M[R]_(m, n)) (a : 'I_r -> 'I_m) (b : 'I_r -> 'I_n) : 'M[R]_r :=
  \matrix_(i, j) A (a i) (b j).

Lemma rank_minor (K : fieldType) m n r (A : 'M[K]_(m, n)) (a : 'I_r -> 'I_m) (b : 'I_r -> 'I_n) :
  \det (minor_of A a b) != 0 -> (r <= \rank A)%N.
Proof.
rewrite -unitfE -unitmxE => unit.
pose P : 'M[K]_(r, m) := \matrix_(i, s) (s == a i)%:R.
pose Q : 'M[K]_(n, r) := \matrix_(t, j) (t == b j)%:R.
have fact : P *m A *m Q = minor_of A a b.
  apply/matrixP => i j; rewrite !mxE (bigD1 (b j)) //= big1 ?addr0 => [|t tb]; last first.
    by rewrite [X in _ * X]mxE (negbTE tb) mulr0.
  rewrite [X in _ * X]mxE eqxx mulr1 !mxE (bigD1 (a i)) //= big1 ?addr0 => [|s sa]; last first.
    by rewrite mxE (negbTE sa) mul0r.
  by rewrite mxE eqxx mul1r.
rewrite -(mxrank_unit unit) -fact (leq_trans (mxrankM_maxl _ _)) //; exact: mxrankM_maxr.
Qed.

Section Homomorphism.

Variables (R : comRingType) (F : fieldType) (K : fieldType).
Variables (phi : {rmorphism R -> F}) (psi : {rmorphism R -> K}).
Hypothesis psi_injective : injective psi.
Variables (m n r : nat) (A : 'M[R]_(m, n)) (a : 'I_r -> 'I_m) (b : 'I_r -> 'I_n).
Hypothesis minor_nonzero : \det (minor_of (map_mx phi A) a b) != 0.

Theorem minor_nonzero_lifts : \det (minor_of A a b) != 0.
Proof.
apply: contraNneq minor_nonzero => zero.
have -> : minor_of (map_mx phi A) a b = map_mx phi (minor_of A a b) by apply/matrixP => i j; rewrite !mxE.
by rewrite det_map_mx zero rmorph0.
Qed.

Theorem rank_at_least_of_residues : (r <= \rank (map_mx psi A))%N.
Proof.
apply: (@rank_minor _ _ _ _ _ a b).
have -> : minor_of (map_mx psi A) a b = map_mx psi (minor_of A a b) by apply/matrixP => i j; rewrite !mxE.
by rewrite det_map_mx -(rmorph0 psi) (inj_eq psi_injective) minor_nonzero_lifts.
Qed.

End Homomorphism.

(* Integer matrices. *)
Section Integers.

Variables (p : nat) (m n r : nat) (A : 'M[int]_(m, n)) (a : 'I_r -> 'I_m) (b : 'I_r -> 'I_n).
Hypothesis p_prime : prime p.
Hypothesis minor_mod_p : \det (minor_of (map_mx intr A) a b) != 0 :> 'F_p.

Theorem minor_nonzero_mod_p : \det (minor_of A a b) != 0.
Proof. exact: (minor_nonzero_lifts (phi := [rmorphism of intr])) minor_mod_p. Qed.

Theorem rank_at_least_mod_p (K : numFieldType) : (r <= \rank (map_mx intr A : 'M[K]_(m, n)))%N.
Proof.
apply: (rank_at_least_of_residues (phi := [rmorphism of intr]) (psi := [rmorphism of intr])) minor_mod_p.
exact: intr_inj.
Qed.

Corollary rank_at_least_mod_p_rat : (r <= \rank (map_mx intr A : 'M[rat]_(m, n)))%N.
Proof. exact: rank_at_least_mod_p. Qed.

(* Rational matrices: their entries times a common factor are integers. *)
Corollary rank_at_least_mod_p_fractions (Q : 'M[rat]_(m, n)) (factor : rat) :
  map_mx intr A = factor *: Q -> (r <= \rank Q)%N.
Proof. by move=> cleared; rewrite (leq_trans rank_at_least_mod_p_rat) // cleared mxrankS // scalemx_sub. Qed.

End Integers.

(* A model whose evaluation matrix at some places is the image of a matrix over R has rank at least r. *)
Theorem rank_at_least (R : comRingType) (F K : fieldType) (phi : {rmorphism R -> F}) (psi : {rmorphism R -> K})
  (X Theta : Type) (c M r s : nat) (d : Theta -> 'I_M -> fn K X c) (theta : Theta)
  (g : 'I_r -> 'I_M) (q : 'I_r -> place X c) (A : 'M[R]_r) :
  injective psi -> (forall v i, psi (A v i) = d theta (g i) (q v).1 (q v).2) ->
  \det (map_mx phi A) != 0 -> model_rank d theta s -> (r <= s)%N.
Proof.
move=> inj entries nonzero; apply: (minor_bounds_rank (g := g) (p := q)).
have -> : places_matrix (fun i => d theta (g i)) q = map_mx psi A.
  by apply/matrixP => v i; rewrite !mxE entries.
rewrite unitmxE det_map_mx unitfE -(rmorph0 psi) (inj_eq inj).
by apply: contraNneq nonzero => zero; rewrite det_map_mx zero rmorph0.
Qed.
