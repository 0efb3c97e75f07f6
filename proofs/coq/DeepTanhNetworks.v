(* Clean layers of a network (LayeredNetwork.v), seen from a level, and lines in R^n on which they stay clean.

   docs/theory/deep-tanh.md (Setting).  A curve x(t) of vectors with m entries forms a level with a ring K of functions
   of t; then so do the neurons of a clean layer along this curve.  On the line y + t u in R^n a layer with n inputs
   becomes one with the single input t; for a generic direction u it stays clean. *)

From Coq Require Import Reals Lra Classical FunctionalExtensionality List.
From mathcomp Require Import ssreflect ssrfun ssrbool eqtype ssrnat seq choice fintype bigop.
From Coquelicot Require Import Coquelicot.
From LLR Require Import RealSpans LayeredNetwork DeepTanhTower.
From LLR Require Independence TwoLayerTanhLine TwoLayerTanhIndependence DeepTanhLayer DeepTanhNextLevel DeepTanhBase.

Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.

Local Open Scope R_scope.

Notation sign := TwoLayerTanhIndependence.sign.
Notation hidden n L x := (activation tanh (preactivation n L x)).

(* ---- Clean layers ---- *)

(* A layer of neurons with n inputs is clean: no neuron has zero weights, and no two are equal up to sign. *)
Definition clean (n : nat) (L : layer) :=
  (forall i, (i < width L)%N -> exists2 j, (j < n)%N & weight L i j <> 0) /\
  (forall i k, (i < width L)%N -> (k < width L)%N -> i <> k -> forall e : bool,
     ~ ((forall j, (j < n)%N -> weight L i j = sign e * weight L k j) /\ offset L i = sign e * offset L k)).

(* The first m entries of a curve of vectors. *)
Definition curve (m : nat) (x : R -> vec) : R -> 'I_m -> R := fun t j => x t j.
Arguments curve : clear implicits.

(* The neurons of a layer, with weights Some j and biases None. *)
Definition layer_weights (m : nat) (L : layer) (i : 'I_(width L)) (l : option 'I_m) : R :=
  if l is Some j then weight L i j else offset L i.

Lemma layer_argument m L (i : 'I_(width L)) (x : R -> vec) t :
  TwoLayerTanhIndependence.argument (layer_weights (m := m) i) (curve m x t) = preactivation m L (x t) i.
Proof.
rewrite TwoLayerTanhIndependence.argumentE /preactivation ltn_ord Rplus_comm; congr (_ + _).
Qed.

Lemma clean_layer m L : clean m L ->
  (forall i : 'I_(width L), TwoLayerTanhIndependence.nonzero_weights (layer_weights (m := m) i)) /\
  (forall i j : 'I_(width L), i != j ->
    ~ TwoLayerTanhIndependence.equal_up_to_sign (layer_weights (m := m) i) (layer_weights j)).
Proof.
move=> [nonzero distinct]; split=> [i|i j ij [e eq]].
  by have [j jm nz] := nonzero i (ltn_ord i); exists (Ordinal jm).
apply: (distinct i j (ltn_ord i) (ltn_ord j) _ e) => [/val_inj eq_ij|].
  by rewrite eq_ij eqxx in ij.
split=> [l lm|]; first exact: (eq (Some (Ordinal lm))).
exact: (eq None).
Qed.

(* The level above a clean layer: its ring contains the one below, the neurons, and the exponentials e^(v . x). *)
Lemma layer_level m L (K : (R -> R) -> Prop) (x : R -> vec) : level K (curve m x) -> clean m L ->
  exists K' : (R -> R) -> Prop, [/\ level K' (curve (width L) (fun t => hidden m L (x t))),
    forall f, K f -> K' f, forall i, (i < width L)%N -> K' (fun t => hidden m L (x t) i) &
    forall v : vec, K' (fun t => exp (\Sum_(j < m) (v j * x t j)))].
Proof.
move=> lev /clean_layer [nonzero distinct]; set W := @layer_weights m L in nonzero distinct.
have neuronsE : DeepTanhLayer.neurons (curve m x) W = curve (width L) (fun t => hidden m L (x t)).
  apply: functional_extensionality => t; apply: functional_extensionality => i.
  by rewrite /DeepTanhLayer.neurons layer_argument.
exists (DeepTanhLayer.next_ring K (curve m x) W); rewrite -neuronsE; split.
- exact: DeepTanhNextLevel.next_level.
- by move=> f; apply: DeepTanhLayer.ring_in_next_ring.
- move=> i iL; have -> : (fun t => hidden m L (x t) i) = fun t => DeepTanhLayer.neurons (curve m x) W t (Ordinal iL).
    by rewrite neuronsE.
  exact: DeepTanhLayer.neurons_in_next_ring.
by move=> v; apply: (DeepTanhLayer.exponentials_in_next_ring K (curve m x) W (fun j => v j)).
Qed.

(* The theorem on independent neurons, for a clean layer of a network. *)
Lemma layer_independent m L (K : (R -> R) -> Prop) (x : R -> vec) (c : R -> R) (a b : nat -> R -> R) :
  level K (curve m x) -> clean m L -> K c -> (forall i, K (a i)) -> (forall i, K (b i)) ->
  (forall t, let z := preactivation m L (x t) in
     c t + (\Sum_(i < width L) (a i t * tanh (z i) + b i t * TwoLayerTanhLine.sech2 (z i))) = 0) ->
  forall t, c t = 0 /\ forall i, (i < width L)%N -> a i t = 0 /\ b i t = 0.
Proof.
move=> lev /clean_layer [nonzero distinct] Kc Ka Kb zero t.
have [c0 ab0] : c t = 0 /\ forall i : 'I_(width L), a i t = 0 /\ b i t = 0.
  apply: (DeepTanhLayer.neurons_independent lev nonzero distinct (a := fun i => a (val i)) (b := fun i => b (val i))
    (t0 := 0) Kc (fun i => Ka i) (fun i => Kb i) Rlt_0_1).
  by move=> s _; rewrite -[RHS](zero s); congr (_ + _); apply: eq_bigr => i _; rewrite layer_argument.
by split=> // i iL; apply: (ab0 (Ordinal iL)).
Qed.

(* ---- Lines ---- *)

Definition inner (n : nat) (v y : vec) : R := \Sum_(j < n) (v j * y j).

Section Lines.

Variables (n : nat) (u y : vec).

(* The line y + t u, and a layer with n inputs seen along it: one input t. *)
Definition place (t : R) : vec := fun j => t * u j + y j.
Definition layer_on_line (L : layer) : layer :=
  Layer (width L) (fun i _ => inner n (weight L i) u) (fun i => offset L i + inner n (weight L i) y) true.

Lemma inner_place (v : vec) t : inner n v (place t) = inner n v u * t + inner n v y.
Proof.
rewrite /inner Rmult_comm sum_mull -sum_add; apply: eq_bigr => j _.
by rewrite /place; ring.
Qed.

Lemma preactivation_place L t : preactivation 1 (layer_on_line L) (fun _ => t) = preactivation n L (place t).
Proof.
apply: functional_extensionality => i; rewrite /preactivation /=; case: ifP => // _.
rewrite -/(inner n (weight L i) (place t)) inner_place big_ord_recl big_ord0.
have -> : offset (layer_on_line L) i = offset L i + inner n (weight L i) y by [].
by ring.
Qed.

(* On the line no neuron of L is constant, and no two have the same slope up to sign unless they have the same weights
   up to sign. *)
Definition generic (L : layer) :=
  (forall i, (i < width L)%N -> (exists2 j, (j < n)%N & weight L i j <> 0) -> inner n (weight L i) u <> 0) /\
  forall (e : bool) i k, (i < width L)%N -> (k < width L)%N ->
    inner n (weight L i) u = sign e * inner n (weight L k) u ->
    forall j, (j < n)%N -> weight L i j = sign e * weight L k j.

Lemma clean_on_line L : generic L -> clean n L -> clean 1 (layer_on_line L).
Proof.
move=> [slopes separated] [nonzero distinct]; split=> /= [i iL|i k iL kL ik e [eq_slope eq_offset]].
  by exists 0%N => //; apply: slopes => //; apply: nonzero.
have eq := separated e i k iL kL (eq_slope 0%N isT).
apply: (distinct i k iL kL ik e); split=> //.
have offsetE l : offset (layer_on_line L) l = offset L l + inner n (weight L l) y by [].
have dotE : inner n (weight L i) y = sign e * inner n (weight L k) y.
  by rewrite /inner sum_mull; apply: eq_bigr => j _; rewrite eq //; ring.
by move: eq_offset; rewrite !offsetE dotE; lra.
Qed.

End Lines.

(* There is such a direction; it can be chosen orthogonal to none of the given vectors a_i. *)
Lemma generic_line n L (a : nat -> vec) : exists u : vec, generic n u L /\
  forall i, (i < width L)%N -> inner n (a i) u = 0 -> forall j, (j < n)%N -> a i j = 0.
Proof.
pose I := 'I_(width L).
pose vector (q : (I + I) + bool * (I * I)) : 'I_n -> R := match q with
  | inl (inl i) => fun j => weight L i j
  | inl (inr i) => fun j => a i j
  | inr (e, (i, k)) => fun j => weight L i j - sign e * weight L k j end.
have [u' generic'] := TwoLayerTanhIndependence.generic_direction vector.
pose u : vec := fun j => if insub j is Some k then u' k else 0.
have uE v : inner n v u = TwoLayerTanhIndependence.dot (fun j : 'I_n => v j) u'.
  by apply: eq_bigr => j _; rewrite /u valK.
exists u; split; [split=> [i iL [j jn nz]|e i k iL kL eq j jn]|move=> i iL zero j jn].
- by rewrite uE; apply: (generic' (inl (inl (Ordinal iL)))); exists (Ordinal jn).
- apply: NNPP => ne; apply: (generic' (inr (e, (Ordinal iL, Ordinal kL)))); first by exists (Ordinal jn) => /=; lra.
  transitivity (inner n (weight L i) u + - sign e * inner n (weight L k) u); last by rewrite eq; ring.
  rewrite !uE /TwoLayerTanhIndependence.dot /=.
  by rewrite sum_mull -sum_add; apply: eq_bigr => l _; ring.
apply: NNPP => nz; apply: (generic' (inl (inr (Ordinal iL)))); first by exists (Ordinal jn).
by rewrite -uE.
Qed.

(* Polynomials on the line, with the one input t. *)
Lemma line_level : level DeepTanhBase.polynomial (curve 1 (fun t _ => t)).
Proof. exact: DeepTanhBase.polynomial_level. Qed.

Lemma line_coordinate (a b : R) : DeepTanhBase.polynomial (fun t => t * a + b).
Proof.
exists 1%N; have -> : (fun t => t * a + b) = fun t => b + t * a by apply: functional_extensionality => t; ring.
exact: DeepTanhBase.degree_step (DeepTanhBase.degree_const a).
Qed.
