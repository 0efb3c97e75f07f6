(* rank(theta) = c N_P + rank(D): the rank of two-layer tanh networks with tied and masked input weights, at
   every parameter.

   docs/theory/two-layer-tanh.md (Tied and masked input weights).  Neurons with non-zero weights are grouped
   into clusters of neurons (w_i, b_i) that are equal up to sign; N_P is the number of clusters.  D has one row
   for each parameter and one column for each triple: a cluster or None, an input l = 1..d or None for the bias,
   and an output. *)

From Coq Require Import Reals Lra Classical.
From mathcomp Require Import ssreflect ssrfun ssrbool eqtype ssrnat seq choice fintype bigop.
From LLR Require Import RealSpans Independence TwoLayerTanhLine TwoLayerTanhIndependence TwoLayerTanhRank.

Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.

Local Open Scope R_scope.

Lemma delta_pair (J K : eqType) (j j' : J) (k k' : K) : delta (j, k) (j', k') = delta j j' * delta k k'.
Proof. by rewrite /delta xpair_eqE; do 2!case: (_ == _) => /=; ring. Qed.

Lemma tanh_odd e z : tanh (sign e * z) = sign e * tanh z.
Proof. by rewrite [in RHS](tanh_sign e z) -Rmult_assoc sign_square Rmult_1_l. Qed.

(* ---- Clusters ---- *)

Section Clusters.

Variables (d : nat) (I : finType) (W : I -> option 'I_d -> R).

(* The neurons W i are grouped into clusters P with the centres V P: cluster i = Some P means that W i = +-V P,
   with the sign side i, and cluster i = None that neuron i is constant, that is, has no non-zero weight. *)
Record clustering (C : finType) := Clustering {
  centre : C -> option 'I_d -> R;
  cluster : I -> option C;
  side : I -> bool;
  centre_nonzero : forall P, nonzero_weights (centre P);
  centre_distinct : forall P Q, P != Q -> ~ equal_up_to_sign (centre P) (centre Q);
  cluster_member : forall i P, cluster i = Some P -> forall l, W i l = sign (side i) * centre P l;
  cluster_constant : forall i, cluster i = None -> forall j, W i (Some j) = 0;
  cluster_inhabited : forall P, exists i, cluster i = Some P }.

(* Equality of reals, and equality up to sign of neurons, as truth values. *)
Definition equal (x y : R) : bool := if Req_EM_T x y then true else false.

Lemma equalP x y : reflect (x = y) (equal x y).
Proof. by rewrite /equal; case: Req_EM_T => eq; constructor. Qed.

Definition equal_neurons e i j : bool := [forall l, equal (W i l) (sign e * W j l)].
Definition same_cluster i j : bool := equal_neurons true i j || equal_neurons false i j.
Definition nonconstant i : bool := [exists j, ~~ equal (W i (Some j)) 0].

Lemma same_clusterP i j : reflect (equal_up_to_sign (W i) (W j)) (same_cluster i j).
Proof.
apply: (iffP orP) => [[]/forallP eq|[[] eq]].
- by exists true => l; apply/equalP.
- by exists false => l; apply/equalP.
- by left; apply/forallP => l; apply/equalP.
- by right; apply/forallP => l; apply/equalP.
Qed.

Lemma up_to_sign_sym (V V' : option 'I_d -> R) : equal_up_to_sign V V' -> equal_up_to_sign V' V.
Proof. by move=> [e eq]; exists e => l; rewrite eq -Rmult_assoc sign_square; ring. Qed.

Lemma up_to_sign_trans (V V' V'' : option 'I_d -> R) :
  equal_up_to_sign V V' -> equal_up_to_sign V' V'' -> equal_up_to_sign V V''.
Proof.
move=> [e eq] [e' eq']; exists (e == e') => l; rewrite eq eq'.
by case: e {eq}; case: e' {eq'} => /=; ring.
Qed.

Lemma same_cluster_refl i : same_cluster i i.
Proof. by apply/same_clusterP; exists true => l /=; ring. Qed.

(* The first neuron of the cluster of i. *)
Definition first_member i : I := odflt i [pick j | same_cluster i j].

Lemma first_member_same i : same_cluster i (first_member i).
Proof. by rewrite /first_member; case: pickP => [//|/(_ i)]; rewrite same_cluster_refl. Qed.

Lemma first_member_eq i j : same_cluster i j -> first_member i = first_member j.
Proof.
move=> ij; rewrite /first_member (eq_pick (Q := same_cluster j)) => [|k].
  by case: pickP => [//|/(_ j)]; rewrite same_cluster_refl.
apply/same_clusterP/same_clusterP => h; apply: up_to_sign_trans h; last exact/same_clusterP.
exact/up_to_sign_sym/same_clusterP.
Qed.

Lemma nonconstantP i : reflect (nonzero_weights (W i)) (nonconstant i).
Proof.
by apply: (iffP existsP) => -[j nz]; exists j; [move/equalP: nz | apply/equalP].
Qed.

Lemma nonconstant_same i j : same_cluster i j -> nonconstant i -> nonconstant j.
Proof.
move=> /same_clusterP [e eq] /nonconstantP [l nz]; apply/nonconstantP; exists l => zero.
by apply: nz; rewrite eq zero Rmult_0_r.
Qed.

Definition clusters : finType := [finType of {i : I | nonconstant i && (first_member i == i)}].

Theorem clustering_exists : clustering clusters.
Proof.
apply: (@Clustering _ (fun P => W (val P))
  (fun i => if nonconstant i then insub (first_member i) else None)
  (fun i => equal_neurons true i (first_member i))) => [P|P Q PQ /same_clusterP eq|i P|i|P].
- by have /andP [/nonconstantP] := valP P.
- have /andP [_ /eqP fP] := valP P; have /andP [_ /eqP fQ] := valP Q.
  by case/eqP: PQ; apply: val_inj; rewrite -fP -fQ; apply: first_member_eq.
- case: ifP => // nc; case: insubP => // Q _ eq [<-] l; rewrite eq.
  case ne: (equal_neurons true i (first_member i)); first by move/forallP/(_ l)/equalP: ne.
  by have := first_member_same i; rewrite /same_cluster ne => /forallP/(_ l)/equalP.
- case: ifP => [nc|/negbT/negP nc _ j]; last first.
    by apply: NNPP => nz; apply: nc; apply/nonconstantP; exists j.
  case: insubP => // /negP []; rewrite (nonconstant_same (first_member_same i)) //=.
  by apply/eqP/esym/first_member_eq/first_member_same.
- by have /andP [nc /eqP first] := valP P; exists (val P); rewrite nc first valK.
Qed.

End Clusters.

(* ---- The theorem ---- *)

Section Rank.

Variables (d c : nat) (I T : finType) (tie : I -> option 'I_d -> option T) (output_bias : bool).

Notation par := (param c I T output_bias).
Notation tangents p := (tangent tie p : [finType of par] -> _).

Variables (p : par -> R) (C : finType) (clus : clustering (weights tie p) C).

(* Column (K, l, o) of D belongs to the function x_l sech^2 z_P e_o if K = Some P, and x_l e_o if K = None, with
   x_l = 1 for l = None; e_o is the unit vector of output o. *)
Definition column := (option C * option 'I_d * 'I_c)%type.

(* sech^2 of the bias for a constant neuron, and 1 for the others. *)
Definition factor i : R := if cluster clus i is None then sech2 (weights tie p i None) else 1.

(* The rows of D.  For an input parameter t: in column (K, l, o) the sum of factor_i a_io over the neurons i in
   K whose weight l is t. For a_io: zero, but for a constant neuron tanh(b_i) in column (None, None, o).  For
   beta_o: the unit row of this column. *)
Definition matrix_D (q : par) (k : column) : R := match q with
  | inl t => \Sum_i (delta (cluster clus i) k.1.1
                     * (delta (tie i k.1.2) (Some t) * (factor i * output_weight p i k.2)))
  | inr (inl (i, o)) => if cluster clus i is None then delta (None, None, o) k * tanh (weights tie p i None) else 0
  | inr (inr o) => delta (None, None, val o) k
  end.

(* The coefficients of the functions tanh z_P e_o. *)
Definition matrix_E (q : par) (k : C * 'I_c) : R := match q with
  | inr (inl (i, o)) => if cluster clus i is Some P then sign (side clus i) * delta (P, o) k else 0
  | _ => 0
  end.

Definition block_index := (C * 'I_c + column)%type.
Definition matrix_ED (q : par) (k : block_index) : R :=
  match k with inl k' => matrix_E q k' | inr k' => matrix_D q k' end.

Definition block_atom (k : block_index) (y : ('I_d -> R) * 'I_c) : R := match k with
  | inl (P, o) => delta o y.2 * atom (centre clus) (inl P) y.1
  | inr (k', o) => delta o y.2 * atom (centre clus) (inr k') y.1
  end.

Lemma lin_block_atoms (a : [finType of block_index] -> R) x o :
  lin a (block_atom : [finType of block_index] -> _) (x, o)
  = lin (fun k : [finType of atom_index d C] => match k with
        | inl P => a (inl (P, o)) | inr k' => a (inr (k', o)) end)
      (atom (centre clus) : [finType of atom_index d C] -> _) x.
Proof.
have pick_output (b : 'I_c -> R) u : \Sum_o' (b o' * (delta o' o * u)) = b o * u.
  rewrite -(Sum_delta o (fun o' => b o' * u)); apply: eq_bigr => o' _.
  by rewrite (delta_sym o' o); ring.
rewrite /lin !big_sumType; congr (_ + _); rewrite Sum_pair; apply: eq_bigr => k _.
  exact: (pick_output (fun o' => a (inl (k, o')))).
exact: (pick_output (fun o' => a (inr (k, o')))).
Qed.

Lemma block_atoms_independent : independent (block_atom : [finType of block_index] -> _).
Proof.
move=> a zero.
have all0 o := tanh_independent (@centre_nonzero _ _ _ _ clus) (@centre_distinct _ _ _ _ clus)
  (fun x => etrans (esym (lin_block_atoms a x o)) (zero (x, o))).
by case=> [[P o]|[k o]]; [exact: (all0 o (inl P)) | exact: (all0 o (inr k))].
Qed.

Lemma neuron_member i P x : cluster clus i = Some P ->
  neuron_argument tie p i x = sign (side clus i) * argument (centre clus P) x.
Proof.
move=> iP; rewrite -argument_scale /neuron_argument; apply: eq_bigr => l _; congr (_ * _).
exact: cluster_member iP l.
Qed.

Lemma neuron_constant i x : cluster clus i = None -> neuron_argument tie p i x = weights tie p i None.
Proof.
move=> iZ; rewrite /neuron_argument argumentE /dot big1 ?Rplus_0_r // => j _.
by rewrite (cluster_constant iZ) Rmult_0_l.
Qed.

(* sech^2 z_P, or 1 for P = None. *)
Definition cluster_sech2 x (K : option C) : R := if K is Some P then sech2 (argument (centre clus P) x) else 1.

Lemma sech2_neuron i x : sech2 (neuron_argument tie p i x) = factor i * cluster_sech2 x (cluster clus i).
Proof.
rewrite /factor; case eq: (cluster clus i) => [P|] /=.
  by rewrite (neuron_member _ eq) sech2_sign; ring.
by rewrite (neuron_constant _ eq); ring.
Qed.

Lemma argument_ext (V V' : option 'I_d -> R) x : (forall l, V l = V' l) -> argument V x = argument V' x.
Proof. by move=> eq; apply: eq_bigr => l _; rewrite eq. Qed.

Lemma argument_delta (a : R) (x : 'I_d -> R) : argument (fun l => delta None l * a) x = a.
Proof. by rewrite argumentE /dot big1 => [|j _]; rewrite /delta /=; ring. Qed.

(* A combination of the functions of all clusters, written as a sum over clusters and None. *)
Lemma lin_columns (a : C -> R) (b : option C -> option 'I_d -> R) x :
  lin (fun k : [finType of atom_index d C] => match k with inl P => a P | inr k' => b k'.1 k'.2 end)
    (atom (centre clus) : [finType of atom_index d C] -> _) x =
  (\Sum_P (a P * tanh (argument (centre clus P) x))) + \Sum_K (argument (b K) x * cluster_sech2 x K).
Proof.
rewrite lin_atoms Sum_option Sum_add /= Rplus_assoc; congr (_ + _).
by rewrite Rplus_comm Rmult_1_r.
Qed.

Lemma row_input t x o : \Sum_K (argument (fun l => matrix_D (inl t) (K, l, o)) x * cluster_sech2 x K)
  = \Sum_i (output_weight p i o * (sech2 (neuron_argument tie p i x) * tied_inputs tie t i x)).
Proof.
pose G i := factor i * output_weight p i o * tied_inputs tie t i x.
have column_sum K : argument (fun l => matrix_D (inl t) (K, l, o)) x = \Sum_i (delta (cluster clus i) K * G i).
  rewrite /argument /G /tied_inputs /=.
  under eq_bigr => l _ do rewrite Rmult_comm Sum_mull.
  rewrite Sum_swap; apply: eq_bigr => i _; rewrite !Sum_mull; apply: eq_bigr => l _; ring.
under eq_bigr => K _ do rewrite column_sum Rmult_comm Sum_mull.
rewrite Sum_swap; apply: eq_bigr => i _.
transitivity (\Sum_K (delta (cluster clus i) K * (G i * cluster_sech2 x K))).
  by apply: eq_bigr => K _; ring.
by rewrite (Sum_delta (cluster clus i) (fun K => G i * cluster_sech2 x K)) sech2_neuron /G; ring.
Qed.

(* The coefficient matrix of the tangent functions. *)
Lemma tangent_coefficients (q : [finType of par]) y :
  tangent tie p q y =
  lin (matrix_ED q : [finType of block_index] -> R) (block_atom : [finType of block_index] -> _) y.
Proof.
case: y => x o; rewrite lin_block_atoms.
have -> : lin (fun k : [finType of atom_index d C] => match k with
    | inl P => matrix_ED q (inl (P, o)) | inr k' => matrix_ED q (inr (k', o)) end)
    (atom (centre clus) : [finType of atom_index d C] -> _) x
  = (\Sum_P (matrix_E q (P, o) * tanh (argument (centre clus P) x)))
    + \Sum_K (argument (fun l => matrix_D q (K, l, o)) x * cluster_sech2 x K).
  rewrite -(lin_columns (fun P => matrix_E q (P, o)) (fun K l => matrix_D q (K, l, o))).
  by apply: eq_bigr => -[P|[K l]] _.
have constant_part a o' : \Sum_K (argument (fun l => delta (None, None, o') (K, l, o) * a) x * cluster_sech2 x K)
    = delta o' o * a.
  rewrite Sum_option /= Rmult_1_r big1 => [|P _].
    rewrite Rplus_0_r -[RHS](argument_delta _ x); apply: argument_ext => l.
    by rewrite !delta_pair /delta /=; ring.
  rewrite (@argument_ext _ (fun _ => 0)) => [|l]; last by rewrite !delta_pair /delta /=; ring.
  by rewrite /argument big1 => [|l _]; ring.
case: q => [t|[[i o']|q]].
- rewrite row_input [X in _ = X + _]big1 => [|P _] /=; [by rewrite Rplus_0_l | ring].
- rewrite /=; case eq: (cluster clus i) => [P|].
    rewrite (neuron_member _ eq) [X in _ = _ + X]big1 => [|K _]; last first.
      by rewrite /argument big1 => [|l _]; ring.
    rewrite Rplus_0_r.
    transitivity (\Sum_Q (delta P Q * (sign (side clus i) * delta o' o * tanh (argument (centre clus Q) x)))).
      rewrite (Sum_delta P (fun Q => sign (side clus i) * delta o' o * tanh (argument (centre clus Q) x))).
      by rewrite tanh_odd [RHS]Rmult_assoc; apply: Rmult_swap.
    by apply: eq_bigr => Q _; rewrite delta_pair -[LHS]Rmult_assoc; congr (_ * _); apply: Rmult_swap.
  by rewrite (neuron_constant _ eq) constant_part big1 ?Rplus_0_l // => P _; ring.
- rewrite [X in _ = X + _]big1 => [|P _] /=; last by ring.
  rewrite Rplus_0_l -[LHS]Rmult_1_r -constant_part; apply: eq_bigr => K _; congr (_ * _).
  by apply: argument_ext => l; exact: Rmult_1_r.
Qed.

(* rank(theta) = c N_P + rank(D). *)
Theorem rank_tied n :
  dim_span (tangents p) n <->
  exists2 r, dim_span (matrix_D : [finType of par] -> [finType of column] -> R) r & n = (#|C| * c + r)%N.
Proof.
rewrite (dim_span_matrix block_atoms_independent tangent_coefficients).
pose first (q : [finType of par]) := if q is inr (inl (i, _)) then cluster clus i != None else false.
have blocks := @dim_span_blocks [finType of par] [finType of C * 'I_c] [finType of column] matrix_ED first.
rewrite blocks ?card_prod ?card_ord // => [[t|[[i o]|q]] //=|[P o]|[t|[[i o]|q]] //=].
- case eq: (cluster clus i) => [P|] // _; exists (P, o), (sign (side clus i)); split=> [|k|k].
  + by case: (side clus i) => /=; lra.
  + by rewrite /matrix_ED /= ?eq.
  + by rewrite /matrix_ED /= ?eq.
- have [i iP] := cluster_inhabited clus P; exists (inr (inl (i, o))) => /=; first by rewrite iP.
  by rewrite ?iP /delta eqxx; case: (side clus i) => /=; lra.
- by rewrite negbK => /eqP -> k.
Qed.

End Rank.

(* Every parameter has clusters, so the formula applies to it. *)
Corollary rank_tied_exists (d c : nat) (I T : finType) (tie : I -> option 'I_d -> option T) (output_bias : bool)
    (p : param c I T output_bias -> R) : exists (C : finType) (clus : clustering (weights tie p) C) (r : nat),
  dim_span (matrix_D clus : [finType of param c I T output_bias] -> [finType of column d c C] -> R) r
  /\ dim_span (tangent tie p : [finType of param c I T output_bias] -> _) (#|C| * c + r).
Proof.
have clus := clustering_exists (weights tie p).
have [r rank_D] :=
  dim_span_exists (matrix_D clus : [finType of param c I T output_bias] -> [finType of column d c _] -> R).
by exists (clusters (weights tie p)), clus, r; split=> //; apply/(rank_tied clus); exists r.
Qed.
