(* One-dimensional convolutional networks with shared kernels, and parameters at which the rank is k (S + L).

   docs/theory/convolution-targets.md (When k(S+L) is right):
     f(x) = sum_(ch, pos) a_(ch, pos) tanh(sum_q K_(ch, q) x_(pos + q)),
   with k kernels of S entries at L = d + 1 - S positions of an input of d entries, without biases. *)

From Coq Require Import Reals Lra.
From mathcomp Require Import ssreflect ssrfun ssrbool eqtype ssrnat seq choice fintype bigop.
From LLR Require Import RealSpans Independence TwoLayerTanhLine TwoLayerTanhIndependence TwoLayerTanhRank.

Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.

Local Open Scope R_scope.

Section Convolution.

Variables (d S L : nat) (fits : (S + L)%N = d.+1) (k : nat).

(* Entry q of the kernel at position pos meets the input pos + q. *)
Lemma place_in_range (pos : 'I_L) (q : 'I_S) : (pos + q < d)%N.
Proof.
by have := leq_add (ltn_ord q) (ltn_ord pos); rewrite fits addSn addnS addnC.
Qed.

Definition place (pos : 'I_L) (q : 'I_S) : 'I_d := Ordinal (place_in_range pos q).

Lemma place_inj pos : injective (place pos).
Proof. by move=> q q' /(congr1 val) /= /addnI /val_inj. Qed.

(* The neurons are the pairs (channel, position), the input parameters the pairs (channel, entry). *)
Definition convolution_tie (i : 'I_k * 'I_L) (l : option 'I_d) : option ('I_k * 'I_S) :=
  if l is Some j then omap (pair i.1) [pick q | place i.2 q == j] else None.

Definition convolution_param := param 1 [finType of 'I_k * 'I_L] [finType of 'I_k * 'I_S] false.
Notation conv_tangents p := (tangent convolution_tie p : [finType of convolution_param] -> _).

Lemma convolution_tieE ch pos l ch' q :
  (convolution_tie (ch, pos) l == Some (ch', q)) = (ch == ch') && (Some (place pos q) == l).
Proof.
case: l => [j|]; last by rewrite andbF.
rewrite /convolution_tie /=; case: pickP => [r /eqP <-|none] /=.
  rewrite (inj_eq Some_inj) xpair_eqE (inj_eq Some_inj) (inj_eq (@place_inj pos)).
  by rewrite [q == r]eq_sym.
by rewrite (inj_eq Some_inj) none andbF.
Qed.

Lemma convolution_tied_inputs ch q ch' pos x :
  tied_inputs convolution_tie (ch, q) (ch', pos) x = delta ch ch' * x (place pos q).
Proof.
rewrite /tied_inputs -(Sum_delta (Some (place pos q)) (fun l => delta ch ch' * input x l)).
apply: eq_bigr => l _; rewrite -Rmult_assoc; congr (_ * _).
rewrite /delta convolution_tieE [ch' == ch]eq_sym.
by case: (ch == ch'); case: (_ == l) => /=; ring.
Qed.

Lemma convolution_argument (p : convolution_param -> R) ch pos x :
  neuron_argument convolution_tie p (ch, pos) x = \Sum_q (p (inl (ch, q)) * x (place pos q)).
Proof.
rewrite /neuron_argument argument_tied Sum_pair.
rewrite -[RHS](Sum_delta ch (fun c => \Sum_q (p (inl (c, q)) * x (place pos q)))); apply: eq_bigr => c _.
rewrite Sum_mull; apply: eq_bigr => q _.
by rewrite convolution_tied_inputs (delta_sym c ch); apply: Rmult_swap.
Qed.

Lemma convolution_tangent_kernel (p : convolution_param -> R) ch q y :
  tangent convolution_tie p (inl (ch, q)) y = \Sum_pos (output_weight p (ch, pos) y.2
    * (sech2 (neuron_argument convolution_tie p (ch, pos) y.1) * y.1 (place pos q))).
Proof.
rewrite /tangent Sum_pair.
rewrite -[RHS](Sum_delta ch (fun c => \Sum_pos (output_weight p (c, pos) y.2
    * (sech2 (neuron_argument convolution_tie p (c, pos) y.1) * y.1 (place pos q))))); apply: eq_bigr => c _.
rewrite Sum_mull; apply: eq_bigr => pos _.
by rewrite convolution_tied_inputs (Rmult_swap (sech2 _)); apply: Rmult_swap.
Qed.

(* rank = k (S + L), if the padded kernels are not zero and distinct up to sign, and every channel has an output
   weight that is not zero. *)
Theorem convolution_rank (p : convolution_param -> R) :
  (forall i, nonzero_weights (weights convolution_tie p i)) ->
  (forall i j, i != j -> ~ equal_up_to_sign (weights convolution_tie p i) (weights convolution_tie p j)) ->
  (forall ch, exists pos, output_weight p (ch, pos) ord0 <> 0) ->
  dim_span (conv_tangents p) (k * (S + L)).
Proof.
move=> nonzero distinct used.
have := full_rank nonzero distinct; rewrite !card_prod !card_ord muln1 mul0n addn0 -mulnDr; apply.
move=> [ch q]; have [pos nz] := used ch.
exists (ch, pos), (Some (place pos q)), ord0; split=> //.
by apply/eqP; rewrite convolution_tieE !eqxx.
Qed.

End Convolution.
