(* Activations to which the theorems on networks apply: tanh, and the sigmoid for signs with a constant.

   docs/theory/embeddings.md: parity sigma(-z) = a sigma(z) + c.  The derivatives are proved, so the hypotheses of
   the theorems on layered networks hold for these activations. *)

From Coq Require Import Reals Lra.
From mathcomp Require Import ssreflect ssrfun ssrbool eqtype ssrnat seq.
From Coquelicot Require Import Coquelicot.
From LLR Require Import RealSpans LayeredNetwork EmbeddingPrinciple EmbeddingMoves.

Local Open Scope R_scope.

Definition dtanh (z : R) : R := 1 - tanh z ^ 2.
Definition sigmoid (z : R) : R := 1 / (1 + exp (- z)).
Definition dsigmoid (z : R) : R := exp (- z) / (1 + exp (- z)) ^ 2.

Lemma cosh_positive z : 0 < cosh z.
Proof. by rewrite /cosh; have := exp_pos z; have := exp_pos (- z); lra. Qed.

Theorem tanh_derivative z : is_derive tanh z (dtanh z).
Proof.
have pos := cosh_positive z.
have := is_derive_div sinh cosh z (cosh z) (sinh z).
rewrite /dtanh /tanh => div.
have -> : 1 - (sinh z / cosh z) ^ 2 = (cosh z * cosh z - sinh z * sinh z) / cosh z ^ 2 by field; lra.
apply: div; last lra.
- by apply/is_derive_Reals; apply: derivable_pt_lim_sinh.
- by apply/is_derive_Reals; apply: derivable_pt_lim_cosh.
Qed.

Theorem tanh_zero : tanh 0 = 0.
Proof. by rewrite /tanh sinh_0 /Rdiv Rmult_0_l. Qed.

Lemma tanh_odd z : tanh (- z) = - tanh z.
Proof.
have pos := cosh_positive z; have pos' := cosh_positive (- z).
have -> : tanh (- z) = sinh (- z) / cosh (- z) by [].
have -> : sinh (- z) = - sinh z by rewrite /sinh Ropp_involutive; lra.
have -> : cosh (- z) = cosh z by rewrite /cosh Ropp_involutive; lra.
by rewrite /tanh; field; lra.
Qed.

Theorem tanh_parity : parity tanh dtanh (-1) 0.
Proof.
split; [ring|split=> z]; first by rewrite tanh_odd; ring.
by rewrite /dtanh tanh_odd; ring.
Qed.

Theorem sigmoid_derivative z : is_derive sigmoid z (dsigmoid z).
Proof.
have pos := exp_pos (- z); rewrite /sigmoid /dsigmoid.
by auto_derive; [lra | field; lra].
Qed.

Theorem sigmoid_parity : parity sigmoid dsigmoid (-1) 1.
Proof.
split; [ring|split=> z]; rewrite /sigmoid /dsigmoid Ropp_involutive; have pos := exp_pos z;
  have -> : exp (- z) = / exp z by apply: exp_Ropp.
- by field; lra.
- by field; lra.
Qed.

(* For tanh, splitting, sign splitting and null units without bias keep function and tangent function space in every
   hidden layer of every network, with or without biases. *)
Corollary tanh_split n X (h : X -> vec) N l k alpha (neg : bool) :
  (l.+1 < size N)%N -> (k < (nth (0%N, false) (shape N) l).1)%N ->
  let N1 := replicate (keep n) (move_at l (split_unit (-1) (nth (0%N, false) (shape N) l).1 k alpha neg) (shape N)) N in
  (forall x o, output tanh n N1 x o = output tanh n N x o) /\
  (forall g, tangent_space tanh dtanh h n N1 g <-> tangent_space tanh dtanh h n N g).
Proof. by move=> hidden km; apply: (split_keeps_tangent_space tanh_derivative) => // _; apply: tanh_parity. Qed.

Corollary tanh_null n X (h : X -> vec) N l : (l.+1 < size N)%N ->
  let N1 := replicate (keep n) (move_at l (null_unit (nth (0%N, false) (shape N) l).1 0) (shape N)) N in
  (forall x o, output tanh n N1 x o = output tanh n N x o) /\
  (forall g, tangent_space tanh dtanh h n N1 g <-> tangent_space tanh dtanh h n N g).
Proof.
move=> hidden; apply: (null_keeps_tangent_space tanh_derivative (-1)) => //; right=> //.
exact: tanh_zero.
Qed.
