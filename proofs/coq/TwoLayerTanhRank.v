(* The rank of two-layer tanh networks with tied and masked input weights.

   docs/theory/two-layer-tanh.md (Tied and masked input weights), for c outputs:
     f_o(x) = sum_i a_io tanh(sum_l w_il x_l + b_i) + beta_o.
   Each w_il and each b_i is one of the input parameters, or is absent, which means zero.  The a_io are
   parameters of their own.  The beta_o are parameters or absent. *)

From Coq Require Import Reals Lra Classical.
From mathcomp Require Import ssreflect ssrfun ssrbool eqtype ssrnat seq choice fintype bigop.
From Coquelicot Require Import Coquelicot.
From LLR Require Import RealSpans Independence TwoLayerTanhLine TwoLayerTanhIndependence.

Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.

Local Open Scope R_scope.

Lemma Rmult_swap a b x : a * (b * x) = b * (a * x). Proof. by ring. Qed.

Lemma delta_sym (K : eqType) (k j : K) : delta k j = delta j k. Proof. by rewrite /delta eq_sym. Qed.

(* ---- Derivatives ---- *)

Lemma is_derive_eq (u : R -> R) t (a b : R) : is_derive u t a -> a = b -> is_derive u t b.
Proof. by move=> hu <-. Qed.

Lemma is_derive_Sum (I : finType) (F : I -> R -> R) (dF : I -> R) t :
  (forall i, is_derive (F i) t (dF i)) -> is_derive (fun s => \Sum_i F i s) t (\Sum_i dF i).
Proof.
move=> all; apply: (is_derive_ext (fun s => foldr (fun i v => F i s + v) 0 (index_enum I))) => [s|].
  by rewrite unlock.
rewrite unlock /reducebig /=; elim: (index_enum I) => [|i s IH] /=; first exact: is_derive_const.
exact: is_derive_plus.
Qed.

Lemma is_derive_line (a b t : R) : is_derive (fun s => a + s * b) t b.
Proof. by auto_derive => //; ring. Qed.

Section Tied.

(* d inputs, c outputs, neurons I, input parameters T; tie i (Some l) is the parameter that is the weight w_il,
   tie i None the one that is the bias b_i; output_bias tells whether the beta_o are parameters. *)
Variables (d c : nat) (I T : finType) (tie : I -> option 'I_d -> option T) (output_bias : bool).

(* The parameters: inl t is an input parameter, inr (inl (i, o)) is a_io, inr (inr o) is beta_o. *)
Definition param := (T + (I * 'I_c + {o : 'I_c | output_bias}))%type.

Definition weights (p : param -> R) (i : I) (l : option 'I_d) : R := if tie i l is Some t then p (inl t) else 0.
Definition output_weight (p : param -> R) (i : I) (o : 'I_c) : R := p (inr (inl (i, o))).
Definition offset (p : param -> R) (o : 'I_c) : R := \Sum_q (delta (val q) o * p (inr (inr q))).

Definition neuron_argument (p : param -> R) i x := argument (weights p i) x.

Definition network (p : param -> R) (x : 'I_d -> R) (o : 'I_c) : R :=
  (\Sum_i (output_weight p i o * tanh (neuron_argument p i x))) + offset p o.

(* The tangent functions.  tied_inputs t i x is the sum of the inputs of neuron i whose weight is t; the input
   of the bias is 1. *)
Definition tied_inputs (t : T) (i : I) (x : 'I_d -> R) : R := \Sum_l (delta (tie i l) (Some t) * input x l).

Definition tangent (p : param -> R) (q : param) (y : ('I_d -> R) * 'I_c) : R := match q with
  | inl t => \Sum_i (output_weight p i y.2 * (sech2 (neuron_argument p i y.1) * tied_inputs t i y.1))
  | inr (inl (i, o)) => delta o y.2 * tanh (neuron_argument p i y.1)
  | inr (inr o) => delta (val o) y.2
  end.

Notation tangents p := (tangent p : [finType of param] -> _).

(* The derivative in the direction v: sum of v_q times the tangent function of q. *)
Definition directional (p v : param -> R) (x : 'I_d -> R) (o : 'I_c) : R :=
  (\Sum_i (output_weight v i o * tanh (neuron_argument p i x)
           + output_weight p i o * argument (weights v i) x * sech2 (neuron_argument p i x))) + offset v o.

Lemma argument_tied v i x : argument (weights v i) x = \Sum_t (v (inl t) * tied_inputs t i x).
Proof.
rewrite /tied_inputs; under [RHS]eq_bigr => t _ do rewrite Sum_mull.
rewrite Sum_swap; apply: eq_bigr => l _; rewrite /weights.
case: (tie i l) => [t|]; last by rewrite big1 => [|t _]; rewrite /delta /=; ring.
have -> : v (inl t) * input x l = \Sum_s (delta t s * (v (inl s) * input x l)).
  by rewrite (Sum_delta t (fun s => v (inl s) * input x l)).
by apply: eq_bigr => s _; rewrite /delta (inj_eq Some_inj); case: (t == s); ring.
Qed.

Lemma lin_tangent p v x o : lin v (tangents p) (x, o) = directional p v x o.
Proof.
rewrite /lin !big_sumType /= Sum_pair /directional Sum_add /= -Rplus_assoc [X in X + _ = _]Rplus_comm.
congr (_ + _ + _).
- apply: eq_bigr => i _; rewrite -(Sum_delta o (fun o' => output_weight v i o' * tanh (neuron_argument p i x))).
  by apply: eq_bigr => o' _; rewrite (delta_sym o' o); apply: Rmult_swap.
- under eq_bigr => t _ do rewrite Sum_mull.
  rewrite Sum_swap; apply: eq_bigr => i _; rewrite argument_tied.
  rewrite [RHS](_ : _ = (output_weight p i o * sech2 (neuron_argument p i x)) *
    \Sum_t (v (inl t) * tied_inputs t i x)).
    2: by rewrite !Rmult_assoc; congr (_ * _); exact: Rmult_comm.
  rewrite Sum_mull; apply: eq_bigr => t _.
  rewrite -[RHS]Rmult_assoc [X in _ = X * _]Rmult_comm [RHS]Rmult_assoc; congr (_ * _).
  exact: esym (Rmult_assoc _ _ _).
- by rewrite /offset; apply: eq_bigr => q _; exact: Rmult_comm.
Qed.

(* The directional derivatives are the derivatives of the network ... *)
Theorem directional_is_derivative p v x o :
  is_derive (fun s => network (fun q => p q + s * v q) x o) 0 (directional p v x o).
Proof.
apply: (is_derive_plus (fun s => \Sum_i _) (fun s => offset (fun q => p q + s * v q) o)).
  apply: is_derive_Sum => i.
  have arg s : neuron_argument (fun q => p q + s * v q) i x
      = neuron_argument p i x + s * argument (weights v i) x.
    rewrite /neuron_argument /argument Sum_mull -Sum_add; apply: eq_bigr => l _.
    by rewrite /weights; case: (tie i l) => [t|]; ring.
  apply: (is_derive_ext (fun s => (output_weight p i o + s * output_weight v i o)
    * tanh (neuron_argument p i x + s * argument (weights v i) x))) => [s|]; first by rewrite arg.
  have inner := is_derive_line (neuron_argument p i x) (argument (weights v i) x) 0.
  have outer := tanh_derivative (neuron_argument p i x + 0 * argument (weights v i) x).
  have comp := is_derive_comp tanh _ _ _ _ outer inner.
  apply: (is_derive_eq (is_derive_mult _ _ _ _ _ (is_derive_line (output_weight p i o) _ 0) comp Rmult_comm)).
  by rewrite /plus /mult /scal /= /mult /= !Rmult_0_l !Rplus_0_r; ring.
apply: is_derive_Sum => q.
apply: (is_derive_ext (fun s => delta (val q) o * p (inr (inr q))
  + s * (delta (val q) o * v (inr (inr q))))) => [s|].
  by have -> // : delta (val q) o * p (inr (inr q)) + s * (delta (val q) o * v (inr (inr q)))
    = delta (val q) o * (p (inr (inr q)) + s * v (inr (inr q))) by ring.
exact: is_derive_line.
Qed.

(* ... and the tangent functions are the partial derivatives. *)
Theorem tangent_is_derivative p (q : [finType of param]) x o :
  is_derive (fun s => network (fun r => p r + s * delta q r) x o) 0 (tangent p q (x, o)).
Proof.
apply: (is_derive_eq (directional_is_derivative p (delta q) x o)).
by rewrite -lin_tangent /lin (Sum_delta q (fun r => tangent p r (x, o))).
Qed.

(* ---- Distinct neurons ---- *)

(* If the neurons have non-zero weights and are distinct up to sign, and each input parameter occurs in a neuron
   with a non-zero output weight, then the tangent functions are independent: the rank is the number of
   parameters. *)
Theorem tangents_independent p :
  (forall i, nonzero_weights (weights p i)) ->
  (forall i j, i != j -> ~ equal_up_to_sign (weights p i) (weights p j)) ->
  (forall t, exists i l o, tie i l = Some t /\ output_weight p i o <> 0) ->
  independent (tangents p).
Proof.
move=> nonzero distinct used v zero.
have all0 o : forall k : [finType of atom_index d I], (match k with
    | inl i => output_weight v i o
    | inr (Some i, l) => output_weight p i o * weights v i l
    | inr (None, None) => offset v o
    | inr (None, Some _) => 0 end) = 0.
  apply: (tanh_independent nonzero distinct) => x; rewrite lin_atoms -[RHS](zero (x, o)) lin_tangent.
  congr (_ + _); last first.
    by rewrite /argument Sum_option /= big1 => [|j _]; ring.
  apply: eq_bigr => i _; congr (_ + _ * _).
  by rewrite -argument_scale.
case=> [t|[[i o]|q]].
- have [i [l [o [tied nz]]]] := used t; have := all0 o (inr (Some i, l)).
  by rewrite /weights tied => /Rmult_integral [].
- exact: (all0 o (inl i)).
- rewrite -[RHS](all0 (val q) (inr (None, None))) /offset.
  rewrite -(Sum_delta q (fun q' => v (inr (inr q')))); apply: eq_bigr => q' _.
  by rewrite /delta (inj_eq val_inj) eq_sym.
Qed.

Corollary full_rank p :
  (forall i, nonzero_weights (weights p i)) ->
  (forall i j, i != j -> ~ equal_up_to_sign (weights p i) (weights p j)) ->
  (forall t, exists i l o, tie i l = Some t /\ output_weight p i o <> 0) ->
  dim_span (tangents p) (#|T| + (#|I| * c + output_bias * c)).
Proof.
move=> nonzero distinct used.
have := dim_span_independent (tangents_independent nonzero distinct used).
rewrite !card_sum card_prod card_ord card_sig.
have -> // : #|[pred _ : 'I_c | output_bias]| = (output_bias * c)%N.
case: output_bias; rewrite ?mul1n ?mul0n; last exact: eq_card0.
by rewrite -[RHS]card_ord; apply: eq_card.
Qed.

End Tied.
