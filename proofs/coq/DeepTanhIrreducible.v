(* T1: an irreducible deep tanh network has as many independent tangent functions as parameters.

   docs/theory/deep-tanh.md (T1: the rank at an irreducible parameter), for any depth, widths, number of outputs and
   choice of the layers that have biases.

     no_silent_direction:  a direction in parameter space along which no output moves is zero.
     irreducible_rank:     rank(theta) = M.
     irreducible_samples:  some M samples carry an LLR guarantee; no n samples with n c < M do (c outputs).

   The tangent functions are those of LayeredNetwork.v, by back-propagation; LayeredNetwork.tangent_is_derivative and
   Activations.tanh_derivative say that they are the partial derivatives.

   Proof of no_silent_direction as on paper, on a generic line through the origin: the velocities of the arguments of
   the layers vanish, one layer after the other from the top to the bottom, by S_l. *)

From Coq Require Import Reals Lra Classical FunctionalExtensionality List.
From mathcomp Require Import ssreflect ssrfun ssrbool eqtype ssrnat seq choice fintype bigop.
From Coquelicot Require Import Coquelicot.
From LLR Require Import RealSpans RealModels LayeredNetwork EmbeddingPrinciple EmbeddingMoves EmbeddingConsequences
  Activations.
From LLR Require Import DeepTanhTower DeepTanhNetworks.
From LLR Require TwoLayerTanhLine DeepTanhBase.

Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.

Local Open Scope R_scope.

(* ---- Irreducible networks ---- *)

(* All hidden layers are clean, and every hidden neuron has an outgoing weight that is not zero.  (On paper hidden
   layers are not empty, either; T1 does not need it.) *)
Fixpoint irreducible (n : nat) (N : network) : Prop :=
  match N with
  | L :: N' => (if N' is L' :: _
      then clean n L /\ forall k, (k < width L)%N -> exists2 i, (i < width L')%N & weight L' i k <> 0
      else True) /\ irreducible (width L) N'
  | [::] => True
  end.

(* ---- The direction with the components a ---- *)

Definition upper (a : param -> R) : param -> R := fun p => a (p.1.1.+1, p.1.2, p.2).

Fixpoint direction (N : network) (a : param -> R) : network :=
  match N with
  | L :: N' => Layer (width L) (fun i j => a (0%N, i, Some j)) (fun i => a (0%N, i, None)) true
      :: direction N' (upper a)
  | [::] => [::]
  end.

Notation directional := (directional tanh dtanh).
Notation sensitivity := (sensitivity tanh dtanh).

(* The velocity of the arguments of layer L, when its parameters move with a and its inputs x with dx. *)
Definition argument_velocity (n : nat) (L : layer) (a : param -> R) (x dx : vec) (i : nat) : R :=
  (\Sum_(j < n) (a (0%N, i, Some (val j)) * x j)) + (if biased L then a (0%N, i, None) else 0)
  + \Sum_(j < n) (weight L i j * dx j).

(* The velocity of the output. *)
Definition output_velocity (n : nat) (L : layer) (N : network) (a : param -> R) (x dx : vec) (o : nat) : R :=
  (\Sum_(i < width L) (sensitivity (width L) N (preactivation n L x) o i * argument_velocity n L a x dx i))
  + directional (width L) N (direction N (upper a)) (hidden n L x) o.

(* Seen from the next layer, whose inputs move with dtanh(z) dz. *)
Lemma output_velocity_next n L L' N a x dx o : output_velocity n L (L' :: N) a x dx o =
  output_velocity (width L) L' N (upper a) (hidden n L x)
    (fun i => dtanh (preactivation n L x i) * argument_velocity n L a x dx i) o.
Proof.
rewrite /output_velocity /=; set z := preactivation n L x.
rewrite -Rplus_assoc; congr (_ + _).
under eq_bigr => i _ do rewrite sum_mull sum_mulr.
rewrite sum_swap -sum_add; apply: eq_bigr => k _.
rewrite [X in _ = _ * X]/argument_velocity [RHS]Rmult_plus_distr_l [LHS]Rplus_comm; congr (_ + _).
by rewrite sum_mull; apply: eq_bigr => i _; ring.
Qed.

Lemma directional_output_velocity n L N a x o :
  directional n (L :: N) (direction (L :: N) a) x o = output_velocity n L N a x (fun _ => 0) o.
Proof.
rewrite /output_velocity /=; congr (_ + _); apply: eq_bigr => i _; congr (_ * _).
rewrite /argument_velocity [X in _ + _ + X]big1 => [|j _]; last by ring.
by rewrite Rplus_0_r.
Qed.

(* ---- Descent through the layers, on a curve x(t) of inputs ---- *)

Lemma argument_velocity_in (K : (R -> R) -> Prop) m L a (x dx : R -> vec) i : differential_ring K ->
  (forall j, (j < m)%N -> K (fun t => x t j)) -> (forall j, (j < m)%N -> K (fun t => dx t j)) ->
  K (fun t => argument_velocity m L a (x t) (dx t) i).
Proof.
move=> ringK Kx Kdx; apply: (add_in ringK); last first.
  by apply: sum_in => // j; apply: (mul_in ringK); [apply: (const_in ringK) | apply: Kdx].
apply: (add_in ringK); last exact: (const_in ringK).
by apply: sum_in => // j; apply: (mul_in ringK); [apply: (const_in ringK) | apply: Kx].
Qed.

Theorem descent N : forall m L (K : (R -> R) -> Prop) (x dx : R -> vec) a,
  level K (curve m x) -> (forall j, (j < m)%N -> K (fun t => x t j)) -> (forall j, (j < m)%N -> K (fun t => dx t j)) ->
  irreducible m (L :: N) -> (forall t o, output_velocity m L N a (x t) (dx t) o = 0) ->
  (forall t i, (i < width L)%N -> argument_velocity m L a (x t) (dx t) i = 0) /\
  (forall p, is_param (width L) N p -> upper a p = 0).
Proof.
elim: N => [|L' N IH] m L K x dx a lev Kx Kdx.
  move=> _ zero; split=> // t i iL; rewrite -[RHS](zero t i) /output_velocity /= Rplus_0_r.
  rewrite (@sum_single _ i (fun k => (if i == k then 1 else 0) * argument_velocity m L a (x t) (dx t) k)) //.
    by rewrite eqxx; ring.
  by move=> k _ /negbTE; rewrite eq_sym => ->; ring.
move=> /= [[cl out] irr] zero; have ringK := level_ring lev.
have [K' [lev' sub K'h _]] := layer_level lev cl; have ring' := level_ring lev'.
pose dz t i := argument_velocity m L a (x t) (dx t) i.
have Kdz i : K (fun t => dz t i) by apply: (argument_velocity_in (x := x) (dx := dx) L a i ringK Kx Kdx).
have K'dh j : (j < width L)%N -> K' (fun t => dtanh (preactivation m L (x t) j) * dz t j).
  move=> jL; apply: (mul_in ring'); last exact: sub.
  have -> : (fun t => dtanh (preactivation m L (x t) j)) =
      fun t => 1 + -1 * (hidden m L (x t) j * hidden m L (x t) j).
    by apply: functional_extensionality => t; rewrite /dtanh /activation; ring.
  apply: (add_in ring' (const_in ring' 1)); apply: (mul_in ring' (const_in ring' (-1))).
  exact: (mul_in ring' (K'h j jL) (K'h j jL)).
have [dz'0 upper0] := IH (width L) L' _ (fun t => hidden m L (x t))
  (fun t i => dtanh (preactivation m L (x t) i) * dz t i) (upper a) lev' K'h K'dh irr
  (fun t o => eq_trans (esym (output_velocity_next m L L' N a (x t) (dx t) o)) (zero t o)).
(* The equation for unit i of layer L' is a relation between the neurons of layer L over K. *)
have relation i : (i < width L')%N -> forall t,
    (if biased L' then upper a (0%N, i, None) else 0) = 0 /\
    forall j, (j < width L)%N -> upper a (0%N, i, Some j) = 0 /\ weight L' i j * dz t j = 0.
  move=> iL' t.
  apply: (layer_independent (c := fun _ => if biased L' then upper a (0%N, i, None) else 0)
    (a := fun j _ => upper a (0%N, i, Some j)) (b := fun j t => weight L' i j * dz t j) lev cl).
  - exact: (const_in ringK).
  - by move=> j; apply: (const_in ringK).
  - by move=> j; apply: (mul_in ringK) => //; apply: (const_in ringK).
  move=> s /=; rewrite -[RHS](dz'0 s i iL') /argument_velocity Rplus_assoc [RHS]Rplus_comm Rplus_assoc.
  congr (_ + _); rewrite -sum_add; apply: eq_bigr => j _.
  by rewrite /= /activation /dtanh /TwoLayerTanhLine.sech2; ring.
have dz0 t i : (i < width L)%N -> dz t i = 0.
  move=> iL; have [k kL' nz] := out i iL; have [_ /(_ i iL) [_ /=]] := relation k kL' t.
  by move/Rmult_integral => [].
split=> // -[[l i] q]; case: l => [|l]; last exact: upper0.
case: q => [j|] /= /andP [iL' valid]; have [b0 a0] := relation i iL' 0.
  by have [] := a0 j valid.
by rewrite valid in b0.
Qed.

(* ---- T1 ---- *)

(* A direction in which no output moves is zero.  By the descent on a generic line through the origin. *)
Theorem no_silent_direction n N a : irreducible n N ->
  (forall x o, directional n N (direction N a) x o = 0) -> forall p, is_param n N p -> a p = 0.
Proof.
case: N => [_ _ [[l i] q]|L N]; first by case: l.
move=> irr zero; have [u [gen separated]] := @generic_line n L (fun i j => a (0%N, i, Some j)).
pose origin : vec := fun _ => 0; pose x := place u origin.
pose b (p : param) : R := match p with
  | (0%N, i, Some _) => inner n (fun j => a (0%N, i, Some j)) u
  | (0%N, i, None) => if biased L then a (0%N, i, None) else 0
  | _ => a p end.
have velocityE t i : argument_velocity 1 (layer_on_line n u origin L) b (fun _ => t) (fun _ => 0) i =
    inner n (fun j => a (0%N, i, Some j)) u * t + if biased L then a (0%N, i, None) else 0.
  by rewrite /argument_velocity /= !big_ord_recl !big_ord0; ring.
have [||||dz0 upper0] := @descent N 1 (layer_on_line n u origin L) _ (fun t _ => t) (fun _ _ => 0) b line_level.
- move=> j _; have -> : (fun t : R => t) = fun t => t * 1 + 0 by apply: functional_extensionality => t; ring.
  exact: line_coordinate.
- by move=> j _; exists 0%N; apply: DeepTanhBase.degree_const.
- case: N irr {zero} => [|L' N] //= [[cl out] irr]; split=> //; split=> //; exact: clean_on_line.
- move=> t o; rewrite -[RHS](zero (x t) o) directional_output_velocity /output_velocity /=.
  rewrite preactivation_place; congr (_ + _); apply: eq_bigr => i _; congr (_ * _).
  rewrite velocityE /argument_velocity [X in _ = _ + X]big1 => [|j _]; last by ring.
  rewrite Rplus_0_r -/(inner n (fun j => a (0%N, val i, Some j)) (x t)) inner_place.
  by rewrite [inner n _ origin]big1 => [|j _]; [rewrite Rplus_0_r | rewrite /origin; ring].
move=> [[l i] q]; case: l => [|l]; last by move=> valid; apply: (upper0 (l, i, q)).
case: q => [j|] /= /andP [iL valid].
  apply: (separated i iL _ j valid); have := dz0 1 i iL; have := dz0 0 i iL; rewrite !velocityE.
  by case: ifP => _; lra.
by have := dz0 0 i iL; rewrite velocityE valid; lra.
Qed.

(* ---- The rank ---- *)

Lemma big_iota n (F : nat -> R) : \big[Rplus/0]_(i <- seq.iota 0 n) F i = \Sum_(i < n) F i.
Proof. by rewrite -(big_mkord xpredT) /index_iota subn0. Qed.

Lemma directional_sum n N a x o : directional n N (direction N a) x o =
  \big[Rplus/0]_(p <- parameter_list n N) (a p * tangent tanh dtanh n N x p o).
Proof.
elim: N n a x => [|L N IH] n a x /=; first by rewrite big_nil.
have upper_part : \big[Rplus/0]_(p <- [seq (p.1.1.+1, p.1.2, p.2) | p <- parameter_list (width L) N])
    (a p * tangent tanh dtanh n (L :: N) x p o) = directional (width L) N (direction N (upper a)) (hidden n L x) o.
  by rewrite big_map IH; apply: eq_bigr => -[[l i] q] _.
rewrite !big_cat upper_part -[RHS]Rplus_assoc; congr (_ + _).
rewrite big_allpairs_dep /= big_iota.
have -> : \big[Rplus/0]_(p <- if biased L then [seq (0%N, i, None) | i <- seq.iota 0 (width L)] else [::])
    (a p * tangent tanh dtanh n (L :: N) x p o) = \Sum_(i < width L)
    (sensitivity (width L) N (preactivation n L x) o i * if biased L then a (0%N, val i, None) else 0).
  case: (biased L); last by rewrite big_nil big1 // => i _; ring.
  by rewrite big_map big_iota; apply: eq_bigr => i _ /=; ring.
rewrite -sum_add; apply: eq_bigr => i _; rewrite big_iota Rmult_plus_distr_l; congr (_ + _).
by rewrite sum_mull; apply: eq_bigr => j _ /=; ring.
Qed.

Lemma parameter_list_valid n N p : p \in parameter_list n N -> is_param n N p.
Proof.
elim: N n p => [|L N IH] n p //=; rewrite !mem_cat => /orP [/allpairsP [[i j] [/= iL jn ->]]|/orP [|/mapP [q qN ->]]].
- by rewrite !mem_iota /= !add0n in iL jn *; rewrite iL jn.
- by case bL: (biased L) => // /mapP [i]; rewrite mem_iota add0n => iL -> /=; rewrite andbT.
by have := IH _ _ qN; case: q {qN} => -[l i] q.
Qed.

Lemma parameter_list_uniq n N : uniq (parameter_list n N).
Proof.
elim: N n => [|L N IH] n //=; rewrite !cat_uniq.
have bias_part p : p \in (if biased L then [seq (0%N, i, None) | i <- seq.iota 0 (width L)] else [::]) ->
    p.1.1 = 0%N /\ p.2 = None by case: (biased L) => // /mapP [i _ ->].
have upper_part p : p \in [seq (q.1.1.+1, q.1.2, q.2) | q <- parameter_list (width L) N] -> p.1.1 <> 0%N.
  by move=> /mapP [q _ ->].
have weight_part p : p \in [seq (0%N, i, Some j) | i <- seq.iota 0 (width L), j <- seq.iota 0 n] ->
    p.1.1 = 0%N /\ p.2 <> None by move=> /allpairsP [[i j] [_ _ ->]].
apply/and3P; split.
- by apply: allpairs_uniq; rewrite ?iota_uniq // => -[i j] [k l] _ _ /= [-> ->].
- apply/hasPn => p; rewrite mem_cat => /orP [/bias_part [_ none]|/upper_part up];
    apply/negP => /weight_part [zero some].
    exact: some.
  exact: up.
apply/and3P; split.
- by case: (biased L) => //; rewrite map_inj_uniq ?iota_uniq // => i j [].
- by apply/hasPn => p /upper_part up; apply/negP => /bias_part [zero _].
by rewrite map_inj_uniq // => -[[l i] q] [[l' i'] q'] [-> -> ->].
Qed.

Theorem irreducible_rank n N : irreducible n N ->
  dim (tangent_space tanh dtanh (fun x : vec => x) n N) (parameters n N).
Proof.
move=> irr; pose e i := nth (0%N, 0%N, None) (parameter_list n N) i.
have eE i : (i < parameters n N)%N -> is_param n N (e i).
  by move=> iM; apply: parameter_list_valid; apply: mem_nth; rewrite size_parameter_list.
exists (fun i x o => tangent tanh dtanh n N x (e i) o); split=> [c zero i iM|u]; last first.
  split; apply: span_subset => {}u.
    move=> [p valid ->]; apply: span_generator; have pin := mem_parameter_list valid.
    exists (seq.index p (parameter_list n N)); first by rewrite -size_parameter_list index_mem.
    by rewrite /e nth_index.
  by move=> [i iM ->]; apply: span_generator; exists (e i) => //; apply: eE.
pose a p := c (seq.index p (parameter_list n N)).
have <- : a (e i) = c i by rewrite /a index_uniq ?parameter_list_uniq ?size_parameter_list.
apply: (no_silent_direction irr) (eE i iM) => x o.
rewrite -[RHS](zero x o) directional_sum /combination (big_nth (0%N, 0%N, None)) big_mkord size_parameter_list.
apply: eq_bigr => j _; congr (_ * _).
by rewrite /a index_uniq ?parameter_list_uniq ?size_parameter_list.
Qed.

(* So M samples can carry an LLR guarantee at an irreducible parameter, and n samples with n c < M cannot, c the number
   of outputs. *)
Corollary irreducible_samples n N (T := tangent_space tanh dtanh (fun x : vec => x) n N)
    (f := network_function tanh (fun x : vec => x) n N) : irreducible n N ->
  (exists S, (size S <= parameters n N)%N /\ LLR_guarantee f T S) /\
  forall S, LLR_guarantee f T S -> (parameters n N <= size S * last n [seq e.1 | e <- shape N])%N.
Proof.
move=> /irreducible_rank rank; split.
  by have [S [size_S det]] := samples_of_dim rank; exists S; split=> //; apply/LLR_determines.
move=> S /LLR_determines det; apply: (determines_needs_samples _ rank det) => g.
elim=> {g} [|g [p valid ->]|g k _ IHg _ IHk|s g _ IHg] x o out //; last by rewrite IHg //; ring.
  exact: (tangent_outside tanh dtanh).
by rewrite IHg // IHk //; ring.
Qed.
