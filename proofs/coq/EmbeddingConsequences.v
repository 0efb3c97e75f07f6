(* What the embedding principle gives: LLR guarantees, O_wide(f) <= M_narrow and critical points of a loss.

   docs/theory/embeddings.md (conclusions and corollary of the chain-rule lemma, free expressiveness in width).

   Inputs: any set X, where x in X has the coordinates h x.  Samples: lists of elements of X. *)

From Coq Require Import Reals Lra List.
From mathcomp Require Import ssreflect ssrfun ssrbool eqtype ssrnat seq choice fintype bigop.
From Coquelicot Require Import Coquelicot.
From LLR Require Import RealSpans RealModels LayeredNetwork EmbeddingPrinciple EmbeddingMoves.

Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.

Local Open Scope R_scope.

Section Consequences.

Variables (sigma dsigma : R -> R) (X : Type) (h : X -> vec).

Notation network_function := (network_function sigma h).
Notation tangent_space := (tangent_space sigma dsigma h).

(* Compositions: what two embeddings keep, their composition keeps. *)
Theorem embedding_composition n N1 N2 N3 :
  ((forall x o, network_function n N1 x o = network_function n N2 x o) /\
   (forall g, tangent_space n N1 g <-> tangent_space n N2 g)) ->
  ((forall x o, network_function n N2 x o = network_function n N3 x o) /\
   (forall g, tangent_space n N2 g <-> tangent_space n N3 g)) ->
  (forall x o, network_function n N1 x o = network_function n N3 x o) /\
  (forall g, tangent_space n N1 g <-> tangent_space n N3 g).
Proof.
move=> [f12 t12] [f23 t23]; split=> [x o|g]; first by rewrite f12 f23.
by rewrite t12.
Qed.

(* ---- LLR guarantees ---- *)

(* Equal functions and a smaller tangent function space: samples that work in the larger one work in the smaller. *)
Theorem LLR_guarantee_smaller n N n1 N1 S :
  (forall x o, network_function n N x o = network_function n1 N1 x o) ->
  (forall g, tangent_space n N g -> tangent_space n1 N1 g) ->
  LLR_guarantee (network_function n1 N1) (tangent_space n1 N1) S ->
  LLR_guarantee (network_function n N) (tangent_space n N) S.
Proof.
move=> _ sub /LLR_determines det; apply/LLR_determines => g Tg zero.
by apply: (det g) => //; apply: sub.
Qed.

(* At most `parameters n N` parameters. *)
Fixpoint parameter_list (n : nat) (N : network) : seq param :=
  match N with
  | L :: N' => [seq (0%N, i, Some j) | i <- seq.iota 0 (width L), j <- seq.iota 0 n]
      ++ (if biased L then [seq (0%N, i, None) | i <- seq.iota 0 (width L)] else [::])
      ++ [seq (p.1.1.+1, p.1.2, p.2) | p <- parameter_list (width L) N']
  | [::] => [::]
  end.

Lemma size_parameter_list n N : size (parameter_list n N) = parameters n N.
Proof.
elim: N n => // L N IH n /=.
rewrite !size_cat size_allpairs !size_iota size_map IH mulnDr -addnA; congr (_ + (_ + _))%N.
by case: (biased L); rewrite ?size_map ?size_iota ?muln1 ?muln0.
Qed.

Lemma mem_parameter_list n N p : is_param n N p -> p \in parameter_list n N.
Proof.
elim: N n p => [|L N IH] n [[l i] q]; first by case: l.
case: l => [|l].
  case: q => [j|] /= /andP[iL valid]; rewrite !mem_cat.
    by apply/orP; left; apply/allpairsP; exists (i, j); rewrite !mem_iota.
  apply/orP; right; apply/orP; left; rewrite valid.
  by apply/mapP; exists i; rewrite ?mem_iota.
move=> valid; rewrite /= !mem_cat; apply/orP; right; apply/orP; right.
by apply/mapP; exists (l, i, q); first exact: IH.
Qed.

(* The tangent function space is spanned by M functions, M the number of parameters. *)
Lemma tangent_space_family n N : exists g, forall u, tangent_space n N u <-> span (family (parameters n N) g) u.
Proof.
pose e i := nth (0%N, 0%N, None) (parameter_list n N) i.
exists (fun i x o => if is_param n N (e i) then tangent sigma dsigma n N (h x) (e i) o else 0) => u.
split; apply: span_subset => {}u.
  move=> [p valid ->]; apply: span_generator; have pin := mem_parameter_list valid.
  exists (seq.index p (parameter_list n N)); first by rewrite -size_parameter_list index_mem.
  by rewrite /e nth_index // valid.
move=> [i _ ->]; case valid: (is_param n N (e i)); last exact: span_zero.
by apply: span_generator; exists (e i).
Qed.

(* rank(theta) <= M. *)
Theorem rank_le_parameters n N : exists r, (r <= parameters n N)%N /\ dim (tangent_space n N) r.
Proof.
have [g spans] := tangent_space_family n N; have [r [rM [e [indep same]]]] := dim_exists (parameters n N) g.
by exists r; split=> //; exists e; split=> // u; apply: iff_trans (spans u) (same u).
Qed.

(* ---- Optimistic sample sizes ---- *)

(* O(fstar) and the minimal rank, for the networks with n inputs and layers of the widths and biases sh. *)
Definition network_optimistic_sample_size n sh (fstar : fn X) (k : nat) :=
  optimistic_sample_size (fun N => shape N = sh) (network_function n) (tangent_space n) fstar k.
Definition network_minimal_rank n sh (fstar : fn X) (r : nat) :=
  minimal_rank (fun N => shape N = sh) (network_function n) (tangent_space n) fstar r.

(* Tangent functions have no outputs behind the last one. *)
Lemma sensitivity_outside N n z o i : (last n [seq e.1 | e <- shape N] <= o)%N -> (i < n)%N ->
  sensitivity sigma dsigma n N z o i = 0.
Proof.
elim: N n z i => [|L N IH] n z i /= outside iN; first by rewrite (gtn_eqF (leq_trans iN outside)).
by rewrite sum_zero ?Rmult_0_r // => k _; rewrite IH // Rmult_0_l.
Qed.

Lemma tangent_outside N n z p o : (last n [seq e.1 | e <- shape N] <= o)%N -> is_param n N p ->
  tangent sigma dsigma n N z p o = 0.
Proof.
elim: N n z p => [|L N IH] n z [[l i] q] //= outside.
case: l => [|l]; last exact: IH.
by case: q => [j|] /andP[iL _]; rewrite sensitivity_outside // Rmult_0_l.
Qed.

(* One output: O(fstar) is the minimal rank over the target set. *)
Theorem network_optimistic_sample_size_is_minimal_rank n sh fstar k : last n [seq e.1 | e <- sh] = 1%N ->
  network_optimistic_sample_size n sh fstar k <-> network_minimal_rank n sh fstar k.
Proof.
move=> one; apply: optimistic_sample_size_is_minimal_rank => N shape_N.
  by exists (parameters n N); apply: tangent_space_family.
move=> u; elim=> {u} [//|u [p valid ->]|u v _ zu _ zv|b u _ zu] x o oc.
- by apply: tangent_outside => //; rewrite shape_N one.
- by rewrite zu // zv // Rplus_0_r.
- by rewrite zu // Rmult_0_r.
Qed.

Hypothesis sigma_derivative : forall z, is_derive sigma z (dsigma z).

(* Free expressiveness in width: O_wide(f) <= rank_narrow. *)
Theorem optimistic_sample_size_le_narrow_rank n sh N fstar k r :
  narrower (shape N) sh -> (forall x o, network_function n N x o = fstar x o) -> dim (tangent_space n N) r ->
  network_optimistic_sample_size n sh fstar k -> (k <= r)%N.
Proof.
move=> narrow target [e [indep spans]] opt.
have [N1 [shape1 same spaces]] := widening sigma_derivative 0 n h narrow.
apply: optimistic_sample_size_le_rank opt _; exists N1; split=> // [x o|].
  by rewrite -target; apply: same.
by exists e; split=> // u; rewrite spaces.
Qed.

(* O_wide(f) <= M_narrow. *)
Theorem optimistic_sample_size_le_narrow_parameters n sh N fstar k :
  narrower (shape N) sh -> (forall x o, network_function n N x o = fstar x o) ->
  network_optimistic_sample_size n sh fstar k -> (k <= parameters n N)%N.
Proof.
move=> narrow target opt; have [r [rM rank]] := rank_le_parameters n N.
exact: leq_trans (optimistic_sample_size_le_narrow_rank narrow target rank opt) rM.
Qed.

(* ---- Critical points ---- *)

(* A loss of the outputs 0, ..., c - 1 at the inputs x_0, ..., x_(q-1).  It has the gradient G at the values y if it
   is differentiable along all curves of values through y, with the derivative that G gives (this holds for every
   differentiable loss). *)
Definition values := nat -> nat -> R.
Definition has_gradient (q c : nat) (loss : values -> R) (y : values) (G : values) :=
  forall (v : R -> values) (dv : values), v 0 = y ->
  (forall m o, (m < q)%N -> (o < c)%N -> is_derive (fun s => v s m o) 0 (dv m o)) ->
  is_derive (fun s => loss (v s)) 0 (\Sum_(m < q) \Sum_(o < c) (G m o * dv m o)).

Variables (q c : nat) (x : nat -> X) (loss : values -> R).
Definition risk n N : R := loss (fun m o => network_function n N (x m) o).

(* All partial derivatives of the risk vanish. *)
Definition critical n N := forall p, is_param n N p -> is_derive (fun s => risk n (shift N p s)) 0 0.

Lemma critical_iff n N G : has_gradient q c loss (fun m o => network_function n N (x m) o) G ->
  critical n N <-> forall g, tangent_space n N g -> \Sum_(m < q) \Sum_(o < c) (G m o * g (x m) o) = 0.
Proof.
move=> grad.
have partial p : is_param n N p -> is_derive (fun s => risk n (shift N p s)) 0
    (\Sum_(m < q) \Sum_(o < c) (G m o * tangent sigma dsigma n N (h (x m)) p o)).
  move=> valid; apply: (grad (fun s m o => network_function n (shift N p s) (x m) o)
    (fun m o => tangent sigma dsigma n N (h (x m)) p o)); first by rewrite shift0.
  by move=> m o _ _; apply: tangent_is_derivative.
split=> [crit g|zero p valid].
  elim=> {g} [|g [p valid ->]|u v _ zu _ zv|b u _ zu].
  - by apply: sum_zero => m _; apply: sum_zero => o _; rewrite Rmult_0_r.
  - by rewrite -(is_derive_unique _ _ _ (partial p valid)) (is_derive_unique _ _ _ (crit p valid)).
  - transitivity ((\Sum_(m < q) \Sum_(o < c) (G m o * u (x m) o))
      + \Sum_(m < q) \Sum_(o < c) (G m o * v (x m) o)).
      rewrite -sum_add; apply: eq_bigr => m _; rewrite -sum_add; apply: eq_bigr => o _.
      exact: Rmult_plus_distr_l.
    by rewrite zu zv Rplus_0_r.
  - transitivity (b * \Sum_(m < q) \Sum_(o < c) (G m o * u (x m) o)); last by rewrite zu Rmult_0_r.
    rewrite sum_mull; apply: eq_bigr => m _; rewrite sum_mull; apply: eq_bigr => o _.
    by ring.
apply: is_derive_eq (partial p valid) _.
by apply: (zero (fun y o => tangent sigma dsigma n N (h y) p o)); apply: span_generator; exists p.
Qed.

(* Networks with equal functions and tangent function spaces have a critical risk together. *)
Theorem criticality_preserved n N n1 N1 G :
  (forall y o, network_function n1 N1 y o = network_function n N y o) ->
  (forall g, tangent_space n1 N1 g <-> tangent_space n N g) ->
  has_gradient q c loss (fun m o => network_function n N (x m) o) G ->
  (critical n1 N1 <-> critical n N).
Proof.
move=> same spaces grad.
have grad1 : has_gradient q c loss (fun m o => network_function n1 N1 (x m) o) G.
  move=> v dv v0 dv_v; apply: grad dv_v; rewrite v0.
  apply: FunctionalExtensionality.functional_extensionality => m.
  by apply: FunctionalExtensionality.functional_extensionality => o.
rewrite (critical_iff grad) (critical_iff grad1).
by split=> zero g /spaces; apply: zero.
Qed.

End Consequences.
