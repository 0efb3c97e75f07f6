(* Fully-connected networks of any depth and widths, their back-propagated derivatives, and the proof that these are
   the derivatives.

   docs/theory/embeddings.md (Compatible embeddings) and deep-tanh.md (Reductions) use this setting:
     z^(l) = W^(l) h^(l-1) + b^(l),   h^(l) = sigma(z^(l)),   h^(0) = x,   f = z^(L).

   A network is the list of its layers, the one next to the input first.  Indices are natural numbers; a vector is a
   function nat -> R of which the first entries matter.  Functions f(x) have outputs 0, 1, 2, ...; those behind the
   last output of the network are zero. *)

From Coq Require Import Reals Lra FunctionalExtensionality.
From mathcomp Require Import ssreflect ssrfun ssrbool eqtype ssrnat seq choice fintype bigop.
From Coquelicot Require Import Coquelicot.
From LLR Require Import RealSpans.

Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.

Local Open Scope R_scope.

Definition vec := nat -> R.

(* A layer: its number of units, weights W_ij, biases b_i, and whether it has biases (without, b_i counts as 0). *)
Record layer := Layer { width : nat; weight : nat -> nat -> R; bias : nat -> R; biased : bool }.
Notation network := (seq layer).

Definition offset (L : layer) (i : nat) : R := if biased L then bias L i else 0.

(* A scalar parameter: layer, unit i, and Some j for the weight W_ij or None for the bias b_i. *)
Definition param := (nat * nat * option nat)%type.

(* The parameters of a network with n inputs. *)
Fixpoint is_param (n : nat) (N : network) (p : param) : bool :=
  match N, p with
  | L :: _, (0%N, i, Some j) => (i < width L)%N && (j < n)%N
  | L :: _, (0%N, i, None) => (i < width L)%N && biased L
  | L :: N', (l.+1, i, q) => is_param (width L) N' (l, i, q)
  | [::], _ => false
  end.

(* Their number: the sum of m_l (m_(l-1) + 1), without the 1 in layers without biases. *)
Fixpoint parameters (n : nat) (N : network) : nat :=
  match N with L :: N' => (width L * (n + biased L) + parameters (width L) N')%N | [::] => 0%N end.

Section Network.

Variables (sigma dsigma : R -> R).

(* z = W h + b, with zeros behind the last unit. *)
Definition preactivation (n : nat) (L : layer) (h : vec) : vec :=
  fun i => if (i < width L)%N then (\Sum_(j < n) (weight L i j * h j)) + offset L i else 0.

Definition activation (z : vec) : vec := fun i => sigma (z i).

(* The outputs of the layers N that lie above a layer of n units with arguments z. *)
Fixpoint value (n : nat) (N : network) (z : vec) : vec :=
  match N with
  | L :: N' => value (width L) N' (preactivation n L (activation z))
  | [::] => z
  end.

(* The function of the network, from n inputs h. *)
Definition output (n : nat) (N : network) (h : vec) : vec :=
  match N with L :: N' => value (width L) N' (preactivation n L h) | [::] => h end.

(* Sensitivity delta_i = d f_o / d z_i of output o to the argument of unit i, by back-propagation. *)
Fixpoint sensitivity (n : nat) (N : network) (z : vec) (o i : nat) : R :=
  match N with
  | L :: N' => dsigma (z i) *
      \Sum_(k < width L) (sensitivity (width L) N' (preactivation n L (activation z)) o k * weight L k i)
  | [::] => if o == i then 1 else 0
  end.

(* The tangent function of a parameter: delta_i h_j for the weight W_ij, delta_i for the bias b_i. *)
Fixpoint tangent (n : nat) (N : network) (h : vec) (p : param) (o : nat) : R :=
  match N, p with
  | L :: N', (0%N, i, Some j) => sensitivity (width L) N' (preactivation n L h) o i * h j
  | L :: N', (0%N, i, None) => sensitivity (width L) N' (preactivation n L h) o i
  | L :: N', (l.+1, i, q) => tangent (width L) N' (activation (preactivation n L h)) (l, i, q) o
  | [::], _ => 0
  end.

(* The function and the tangent function space on inputs X, where x in X has the n coordinates h x. *)
Definition network_function X (h : X -> vec) n N : fn X := fun x o => output n N (h x) o.
Definition tangents X (h : X -> vec) n N : fn X -> Prop :=
  fun g => exists2 p, is_param n N p & g = fun x o => tangent n N (h x) p o.
Definition tangent_space X (h : X -> vec) n N : fn X -> Prop := span (tangents h n N).

(* Tangent functions of upper layers are tangent functions of the network. *)
Lemma tangent_space_upper X (h : X -> vec) n L N g :
  tangent_space (fun x => activation (preactivation n L (h x))) (width L) N g -> tangent_space h n (L :: N) g.
Proof.
apply: span_subset => {}g [[[l i] q] valid ->].
by apply: span_generator; exists (l.+1, i, q).
Qed.

Lemma preactivation_outside n L h i : (width L <= i)%N -> preactivation n L h i = 0.
Proof. by rewrite /preactivation ltnNge => ->. Qed.

(* ---- Directional derivatives ---- *)

(* The derivative of f in the direction D, a network of the same shape whose entries are the velocities of the
   parameters: sum over all parameters p of D_p times the tangent function of p. *)
Fixpoint directional (n : nat) (N D : network) (h : vec) (o : nat) : R :=
  match N, D with
  | L :: N', V :: D' =>
      (\Sum_(i < width L) (sensitivity (width L) N' (preactivation n L h) o i *
         ((\Sum_(j < n) (weight V i j * h j)) + (if biased L then bias V i else 0))))
      + directional (width L) N' D' (activation (preactivation n L h)) o
  | _, _ => 0
  end.

Lemma directional_in_tangent_space X (h : X -> vec) n N D :
  tangent_space h n N (fun x o => directional n N D (h x) o).
Proof.
elim: N n D X h => [|L N IH] n D X h; first exact: span_zero.
case: D => [|V D]; first exact: span_zero.
apply: span_add; last by apply: tangent_space_upper; apply: IH.
apply: span_sum => i.
have weights j : tangent_space h n (L :: N) (fun x o => weight V i j *
    (if (j < n)%N then sensitivity (width L) N (preactivation n L (h x)) o i * h x j else 0)).
  apply: span_scale; case jn: (j < n)%N; last exact: span_zero.
  by apply: span_generator; exists (0%N, val i, Some j); rewrite //= jn ltn_ord.
have biases : tangent_space h n (L :: N) (fun x o => bias V i *
    (if biased L then sensitivity (width L) N (preactivation n L (h x)) o i else 0)).
  apply: span_scale; case bL: (biased L); last exact: span_zero.
  by apply: span_generator; exists (0%N, val i, None); rewrite //= bL ltn_ord.
apply: (span_ext (span_add (span_sum (n := n) (fun j : 'I_n => weights j)) biases)) => x o.
rewrite Rmult_plus_distr_l sum_mull; congr (_ + _); last by case: ifP => _; lra.
by apply: eq_bigr => j _; rewrite ltn_ord; lra.
Qed.

(* ---- The derivatives are the derivatives ---- *)

Hypothesis sigma_derivative : forall z, is_derive sigma z (dsigma z).

Lemma is_derive_sum n (F : 'I_n -> R -> R) (dF : 'I_n -> R) t :
  (forall i, is_derive (F i) t (dF i)) -> is_derive (fun s => \Sum_(i < n) F i s) t (\Sum_(i < n) dF i).
Proof.
elim: n F dF => [|n IH] F dF dv.
  apply: (is_derive_ext (fun _ => 0)) => [s|]; first by rewrite big_ord0.
  by rewrite big_ord0; apply: is_derive_const.
apply: (is_derive_ext (fun s => (\Sum_(i < n) F (widen_ord (leqnSn n) i) s) + F ord_max s)) => [s|].
  by rewrite big_ord_recr.
by rewrite big_ord_recr; apply: is_derive_plus; [apply: IH => i|].
Qed.

Lemma is_derive_eq (u : R -> R) t (a b : R) : is_derive u t a -> a = b -> is_derive u t b.
Proof. by move=> hu <-. Qed.

Lemma is_derive_product (u v : R -> R) t du dv :
  is_derive u t du -> is_derive v t dv -> is_derive (fun s => u s * v s) t (du * v t + u t * dv).
Proof. by move=> hu hv; apply: (is_derive_mult u v t du dv hu hv) => x y; exact: Rmult_comm. Qed.

(* A curve of networks whose entries have derivatives at t, collected in the network D. *)
Fixpoint velocity (N : R -> network) (t : R) (D : network) : Prop :=
  match D with
  | [::] => forall s, N s = [::]
  | V :: D' => exists L N', [/\ forall s, N s = L s :: N' s,
      forall s, width (L s) = width (L t) /\ biased (L s) = biased (L t),
      (forall i j, is_derive (fun s => weight (L s) i j) t (weight V i j)),
      (biased (L t) -> forall i, is_derive (fun s => bias (L s) i) t (bias V i))
      & velocity N' t D']
  end.

Lemma preactivation_derivative n (L : R -> layer) V (h : R -> vec) (dh : vec) t :
  (forall s, width (L s) = width (L t) /\ biased (L s) = biased (L t)) ->
  (forall i j, is_derive (fun s => weight (L s) i j) t (weight V i j)) ->
  (biased (L t) -> forall i, is_derive (fun s => bias (L s) i) t (bias V i)) ->
  (forall j, (j < n)%N -> is_derive (fun s => h s j) t (dh j)) ->
  forall i, (i < width (L t))%N -> is_derive (fun s => preactivation n (L s) (h s) i) t
    ((\Sum_(j < n) (weight V i j * h t j)) + (if biased (L t) then bias V i else 0)
     + \Sum_(j < n) (weight (L t) i j * dh j)).
Proof.
move=> shape dW db hh i iL.
set w := \Sum_(j < n) (weight V i j * h t j); set b := (if _ then _ else _); set z := \Sum_(j < n) _.
have -> : w + b + z = (w + z) + b by lra.
apply: (is_derive_ext (fun s => (\Sum_(j < n) (weight (L s) i j * h s j)) + offset (L s) i)) => [s|].
  by rewrite /preactivation (proj1 (shape s)) iL.
apply: is_derive_plus.
  rewrite /w /z -sum_add; apply: is_derive_sum => j.
  by apply: is_derive_product; [apply: dW | apply: hh].
rewrite /offset /b; apply: (is_derive_ext (fun s => if biased (L t) then bias (L s) i else 0)) => [s|].
  by rewrite (proj2 (shape s)).
by case: ifP => bL; [apply: db | apply: is_derive_const].
Qed.

Lemma value_derivative (D : network) n (N : R -> network) (z : R -> vec) (dz : vec) t :
  velocity N t D -> (forall i, (i < n)%N -> is_derive (fun s => z s i) t (dz i)) ->
  forall o, (forall s i, (n <= i)%N -> z s i = 0) ->
  is_derive (fun s => value n (N s) (z s) o) t
    ((\Sum_(i < n) (sensitivity n (N t) (z t) o i * dz i)) + directional n (N t) D (activation (z t)) o).
Proof.
elim: D n N z dz => [|V D IH] n N z dz /=.
  move=> nil hz o out; rewrite nil /= Rplus_0_r.
  apply: (is_derive_ext (fun s => z s o)) => [s|]; first by rewrite nil.
  case: (ltnP o n) => on.
    rewrite (@sum_single _ o (fun i => (if o == i then 1 else 0) * dz i)) // => [|i _ io].
      by rewrite eqxx Rmult_1_l; apply: hz.
    by rewrite eq_sym (negbTE io) Rmult_0_l.
  rewrite big1 => [|i _]; last by rewrite (gtn_eqF (leq_trans (ltn_ord i) on)) Rmult_0_l.
  by apply: (is_derive_ext (fun _ => 0)) => [s|]; [rewrite out | apply: is_derive_const].
move=> [L [N' [Ndef shape dW db vel]]] hz o out; rewrite Ndef /=.
apply: (is_derive_ext (fun s => value (width (L t)) (N' s) (preactivation n (L s) (activation (z s))) o)) => [s|].
  by rewrite Ndef /= (proj1 (shape s)).
have ha j : (j < n)%N -> is_derive (fun s => activation (z s) j) t (dsigma (z t j) * dz j).
  move=> jn; rewrite Rmult_comm.
  exact: (is_derive_comp sigma (fun s => z s j) t _ _ (sigma_derivative _) (hz j jn)).
have hp := preactivation_derivative shape dW db ha.
have out' s i : (width (L t) <= i)%N -> preactivation n (L s) (activation (z s)) i = 0.
  by move=> ?; apply: preactivation_outside; rewrite (proj1 (shape s)).
move: (IH _ N' (fun s => preactivation n (L s) (activation (z s))) _ vel hp o out').
set S := sensitivity _ _ _ _; set Dir := directional _ _ _ _ _ => dv.
have -> : \Sum_(i < n) (dsigma (z t i) * (\Sum_(k < width (L t)) (S k * weight (L t) k i)) * dz i)
    = \Sum_(k < width (L t)) (S k * \Sum_(j < n) (weight (L t) k j * (dsigma (z t j) * dz j))).
  under eq_bigr => i _ do rewrite sum_mull sum_mulr.
  rewrite sum_swap; apply: eq_bigr => k _; rewrite sum_mull; apply: eq_bigr => i _; ring.
set A := \Sum_(k < _) _; set B := \Sum_(i < _) _.
suff -> : A + (B + Dir) = (\Sum_(i < width (L t)) (S i *
    (((\Sum_(j < n) (weight V i j * activation (z t) j)) + (if biased (L t) then bias V i else 0))
     + \Sum_(j < n) (weight (L t) i j * (dsigma (z t j) * dz j))))) + Dir by [].
rewrite -Rplus_assoc; congr (_ + _); rewrite /A /B -sum_add.
by apply: eq_bigr => i _; rewrite -(Rmult_plus_distr_l (S i)); congr (_ * _); apply: Rplus_comm.
Qed.

(* Chain rule along a curve of networks with fixed inputs. *)
Theorem directional_is_derivative (D : network) n (N : R -> network) (h : vec) t o :
  velocity N t D -> is_derive (fun s => output n (N s) h o) t (directional n (N t) D h o).
Proof.
case: D => [|V D] /=.
  move=> nil; rewrite nil; apply: (is_derive_ext (fun _ => h o)) => [s|]; first by rewrite nil.
  exact: is_derive_const.
move=> [L [N' [Ndef shape dW db vel]]]; rewrite Ndef /=.
apply: (is_derive_ext (fun s => value (width (L t)) (N' s) (preactivation n (L s) h) o)) => [s|].
  by rewrite Ndef /= (proj1 (shape s)).
have hh j : (j < n)%N -> is_derive (fun _ => h j) t 0 by move=> _; apply: is_derive_const.
have hp := preactivation_derivative (h := fun _ => h) (dh := fun _ => 0) shape dW db hh.
have out' s i : (width (L t) <= i)%N -> preactivation n (L s) h i = 0.
  by move=> ?; apply: preactivation_outside; rewrite (proj1 (shape s)).
apply: (is_derive_eq (value_derivative (z := fun s => preactivation n (L s) h) vel hp o out')).
congr (_ + _); apply: eq_bigr => i _; congr (_ * _).
by rewrite [X in _ + X]big1 ?Rplus_0_r // => j _; rewrite Rmult_0_r.
Qed.

(* The network with s added to the parameter p, and the direction of this change. *)
Fixpoint shift (N : network) (p : param) (s : R) : network :=
  match N, p with
  | L :: N', (0%N, i, Some j) => Layer (width L)
      (fun a b => if (a == i) && (b == j) then weight L a b + s else weight L a b) (bias L) (biased L) :: N'
  | L :: N', (0%N, i, None) => Layer (width L) (weight L)
      (fun a => if a == i then bias L a + s else bias L a) (biased L) :: N'
  | L :: N', (l.+1, i, q) => L :: shift N' (l, i, q) s
  | [::], _ => [::]
  end.

Fixpoint unit_direction (N : network) (p : param) : network :=
  match N, p with
  | L :: N', (0%N, i, Some j) =>
      Layer (width L) (fun a b => if (a == i) && (b == j) then 1 else 0) (fun _ => 0) (biased L)
        :: unit_direction N' (size N', 0%N, None)
  | L :: N', (0%N, i, None) =>
      Layer (width L) (fun _ _ => 0) (fun a => if a == i then 1 else 0) (biased L)
        :: unit_direction N' (size N', 0%N, None)
  | L :: N', (l.+1, i, q) => Layer (width L) (fun _ _ => 0) (fun _ => 0) (biased L) :: unit_direction N' (l, i, q)
  | [::], _ => [::]
  end.

Lemma layer_eq L (W : nat -> nat -> R) (b : nat -> R) :
  (forall i j, W i j = weight L i j) -> (forall i, b i = bias L i) -> Layer (width L) W b (biased L) = L.
Proof.
case: L => m V c bL /= hW hb; congr Layer; last exact: functional_extensionality.
by apply: functional_extensionality => i; apply: functional_extensionality.
Qed.

Lemma shift0 N p : shift N p 0 = N.
Proof.
elim: N p => [|L N IH] [[l i] q]; first by case: l.
case: l => [|l]; last by rewrite /= IH.
case: q => [j|] /=; congr (_ :: _); apply: layer_eq => // u; last by case: ifP => // _; ring.
by move=> v; case: ifP => // _; ring.
Qed.

Lemma velocity_constant N l i q : (size N <= l)%N -> velocity (fun _ => N) 0 (unit_direction N (l, i, q)).
Proof.
elim: N l => [|L N IH] [|l] //= big; exists (fun _ => L), (fun _ => N); split=> //.
- by move=> a b; apply: is_derive_const.
- by move=> _ a; apply: is_derive_const.
- exact: IH.
Qed.

Lemma derive_shift (c : R) : is_derive (fun s => c + s) 0 1.
Proof.
apply: (is_derive_eq (is_derive_plus _ _ _ _ _ (is_derive_const c 0) (is_derive_id 0))).
by rewrite /plus /zero /one /=; ring.
Qed.

Lemma velocity_shift N p : velocity (shift N p) 0 (unit_direction N p).
Proof.
elim: N p => [|L N IH] [[l i] q]; first by case: l.
case: l => [|l]; last first.
  exists (fun _ => L), (shift N (l, i, q)); split=> // [a b|_ a]; exact: is_derive_const.
case: q => [j|] /=.
  eexists; exists (fun _ => N); split; [by []|by []| | |exact: velocity_constant] => /= [a b|_ a].
    by case: ifP => _; [apply: derive_shift | apply: is_derive_const].
  exact: is_derive_const.
eexists; exists (fun _ => N); split; [by []|by []| | |exact: velocity_constant] => /= [a b|_ a].
  exact: is_derive_const.
by case: ifP => _; [apply: derive_shift | apply: is_derive_const].
Qed.

Lemma directional_outside n N l i q h o : (size N <= l)%N -> directional n N (unit_direction N (l, i, q)) h o = 0.
Proof.
elim: N n l h => [|L N IH] n [|l] h //= big.
rewrite IH // Rplus_0_r big1 // => k _; rewrite big1 => [|j _]; last by rewrite Rmult_0_l.
by case: ifP => _; ring.
Qed.

Lemma directional_unit n N p h o : is_param n N p -> directional n N (unit_direction N p) h o = tangent n N h p o.
Proof.
elim: N n p h => [|L N IH] n [[l i] q] h; first by case: l.
case: l => [|l]; last first.
  rewrite /= => /IH ->; rewrite big1 ?Rplus_0_l // => k _.
  by rewrite big1 => [|j _]; [case: ifP => _; ring | rewrite Rmult_0_l].
case: q => [j|] /= /andP[iL second]; rewrite directional_outside // Rplus_0_r.
  set S := sensitivity _ _ _ _.
  rewrite (@sum_single _ i (fun k => S k * ((\Sum_(b < n) ((if (k == i) && (val b == j) then 1 else 0) * h b))
    + (if biased L then 0 else 0)))) // => [|k _ /negbTE ->].
    rewrite eqxx /= (@sum_single _ j (fun b => (if b == j then 1 else 0) * h b)) // => [|b _ /negbTE ->].
      by rewrite eqxx; case: ifP => _; ring.
    by ring.
  by rewrite /= big1 => [|b _]; [case: ifP => _; ring | ring].
set S := sensitivity _ _ _ _; rewrite second.
rewrite (@sum_single _ i (fun k => S k * ((\Sum_(b < n) (0 * h b)) + (if k == i then 1 else 0)))) //.
  by rewrite eqxx big1 => [|b _]; ring.
by move=> k _ /negbTE ->; rewrite big1 => [|b _]; ring.
Qed.

(* The tangent function of p is the partial derivative of the network function by p. *)
Theorem tangent_is_derivative n N p (h : vec) o : is_param n N p ->
  is_derive (fun s => output n (shift N p s) h o) 0 (tangent n N h p o).
Proof.
move=> valid; apply: (is_derive_eq (directional_is_derivative n h o (velocity_shift N p))).
by rewrite shift0 directional_unit.
Qed.

End Network.
