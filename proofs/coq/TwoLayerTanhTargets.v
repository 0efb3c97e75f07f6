(* Optimistic sample sizes of fully-connected two-layer tanh networks.

   docs/theory/target-sets.md (Needed neurons; tanh) and two-layer-tanh.md.  One output.  If fstar is a network
   of k neurons with non-zero weights that are distinct up to sign and with non-zero output weights, then in a
   network of m >= k neurons the least rank over the infinitely many parameters with the function fstar, which
   is the optimistic sample size O(fstar), is k (1 + d + h) + o; h = 1 with hidden biases, o = 1 with an output
   bias, and 0 without. *)

From Coq Require Import Reals Lra Classical FunctionalExtensionality.
From mathcomp Require Import ssreflect ssrfun ssrbool eqtype ssrnat seq choice fintype finfun bigop.
From LLR Require RealModels.
From LLR Require Import RealSpans Independence TwoLayerTanhLine TwoLayerTanhIndependence TwoLayerTanhRank
  TwoLayerTanhTied.

Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.

Local Open Scope R_scope.

(* ---- Needed neurons ---- *)

Section Needed.

Variable d : nat.

(* If a sum of neurons and a constant vanishes, then in every cluster the signed coefficients have the sum 0. *)
Lemma cluster_sums (I : finType) (W : I -> option 'I_d -> R) (C : finType) (clus : clustering W C)
    (a : I -> R) kappa :
  (forall x, (\Sum_i (a i * tanh (argument (W i) x))) + kappa = 0) ->
  forall P, \Sum_i (delta (cluster clus i) (Some P) * (a i * sign (side clus i))) = 0.
Proof.
move=> relation P.
pose S Q := \Sum_i (delta (cluster clus i) (Some Q) * (a i * sign (side clus i))).
pose const i := if cluster clus i is None then a i * tanh (W i None) else 0.
pose coef (k : [finType of atom_index d C]) := match k with
  | inl Q => S Q | inr (None, None) => kappa + \Sum_i const i | _ => 0 end.
apply: (tanh_independent (@centre_nonzero _ _ _ _ clus) (@centre_distinct _ _ _ _ clus) (a := coef) _ (inl P)) => x.
rewrite lin_atoms -[RHS](relation x) /=.
have -> : argument (fun l => coef (inr (None, l))) x = kappa + \Sum_i const i.
  by rewrite argumentE /dot /= [X in _ + X = _]big1 ?Rplus_0_r // => j _; ring.
have split_neuron i : a i * tanh (argument (W i) x) = (\Sum_Q (delta (cluster clus i) (Some Q) *
    (a i * sign (side clus i) * tanh (argument (centre clus Q) x)))) + const i.
  rewrite /const; case eq: (cluster clus i) => [Q|].
    have -> : argument (W i) x = sign (side clus i) * argument (centre clus Q) x.
      by rewrite -argument_scale; apply: argument_ext => l; apply: cluster_member eq l.
    rewrite tanh_odd Rplus_0_r -Rmult_assoc.
    rewrite -(Sum_delta Q (fun Q => a i * sign (side clus i) * tanh (argument (centre clus Q) x))).
    by apply: eq_bigr => Q' _; rewrite /delta (inj_eq Some_inj).
  rewrite argumentE /dot [X in _ + X]big1 => [|j _]; last by rewrite (cluster_constant eq) Rmult_0_l.
  by rewrite Rplus_0_r big1 ?Rplus_0_l // => Q _; rewrite /delta /=; ring.
under [in RHS]eq_bigr => i _ do rewrite split_neuron.
rewrite [in RHS]Sum_add [X in _ = X + _ + _]Sum_swap.
rewrite [RHS]Rplus_assoc (Rplus_comm _ kappa); congr (_ + _).
apply: eq_bigr => Q _; rewrite [X in _ + X * _](_ : _ = 0); last first.
  by rewrite /argument big1 // => l _; rewrite /=; ring.
rewrite Rmult_0_l Rplus_0_r [LHS]Rmult_comm Sum_mull; apply: eq_bigr => i _.
by rewrite [LHS]Rmult_comm [LHS]Rmult_assoc.
Qed.

(* Two networks with the same function, the second with neurons that are distinct up to sign and have non-zero
   weights. Each of them that has a non-zero output weight occurs up to sign in the first, with a non-zero
   output weight. *)
Theorem needed_neuron_occurs (c : nat) (o : 'I_c) (I J T T' : finType) (tie : I -> option 'I_d -> option T)
    (tie' : J -> option 'I_d -> option T') (b b' : bool) (p : param c I T b -> R) (p' : param c J T' b' -> R) :
  (forall x, network tie p x o = network tie' p' x o) ->
  (forall j k, j != k -> ~ equal_up_to_sign (weights tie' p' j) (weights tie' p' k)) ->
  forall j, nonzero_weights (weights tie' p' j) -> output_weight p' j o <> 0 ->
  exists i, equal_up_to_sign (weights tie p i) (weights tie' p' j) /\ output_weight p i o <> 0.
Proof.
move=> same distinct j nonzero nz; apply: NNPP => none.
pose W (k : I + J) := match k with inl i => weights tie p i | inr j => weights tie' p' j end.
pose a (k : I + J) := match k with inl i => output_weight p i o | inr j => - output_weight p' j o end.
have clus : clustering (W : [finType of I + J] -> _) (clusters W) := clustering_exists _.
have relation x : (\Sum_k (a k * tanh (argument (W k) x))) + (offset p o - offset p' o) = 0.
  have := same x; rewrite /network big_sumType /=.
  have -> : \Sum_j (- output_weight p' j o * tanh (argument (weights tie' p' j) x))
      = (-1) * \Sum_j (output_weight p' j o * tanh (argument (weights tie' p' j) x)).
    by rewrite Sum_mull; apply: eq_bigr => k _; ring.
  by rewrite /neuron_argument; lra.
have [P jP] : exists P, cluster clus (inr j) = Some P.
  case eq: (cluster clus (inr j)) => [P|]; first by exists P.
  by have [l nzl] := nonzero; case: nzl; apply: (cluster_constant eq).
have same_P k : cluster clus k = Some P -> equal_up_to_sign (W k) (weights tie' p' j).
  move=> kP; apply: (@up_to_sign_trans _ _ (centre clus P)).
    by exists (side clus k); apply: cluster_member.
  by apply: up_to_sign_sym; exists (side clus (inr j)); apply: (cluster_member jP).
have := cluster_sums clus relation P; rewrite (bigD1 (inr j)) //= big1 => [|k kj].
  rewrite jP /delta eqxx Rplus_0_r Rmult_1_l => /Rmult_integral [].
    by move=> zero; apply: nz; lra.
  by case: (side _ _) => /=; lra.
rewrite /delta; case: eqP => [/same_P kP|_]; last by ring.
case: k kj kP => [i _ ij|k kj jk] /=; last by case: (distinct k j) => //; apply: contra kj => /eqP ->.
rewrite (_ : output_weight p i o = 0); first by ring.
by apply: NNPP => nzi; apply: none; exists i.
Qed.

End Needed.

(* ---- Fully-connected networks ---- *)

Section FullyConnected.

(* Neuron i has d weights of its own and, with hidden biases, a bias of its own. *)
Variables (d : nat) (hidden_bias output_bias : bool).

Definition own_inputs : finType := [finType of {l : option 'I_d | hidden_bias || (l != None)}].
Definition full_tie (I : finType) (i : I) (l : option 'I_d) : option (I * own_inputs) := omap (pair i) (insub l).

Notation full_param I := (param 1 I [finType of I * own_inputs] output_bias).
Notation tangents p := (tangent (@full_tie _) p : [finType of full_param _] -> _).

Lemma card_own_inputs : #|own_inputs| = (d + hidden_bias)%N.
Proof.
rewrite /own_inputs card_sig; case: hidden_bias => /=.
  by rewrite -[RHS]/(d + 1)%N addn1 -[d in RHS]card_ord -card_option; apply: eq_card.
rewrite addn0; transitivity #|image (@Some 'I_d) 'I_d|; last by rewrite card_image ?card_ord //; exact: Some_inj.
apply: eq_card => l.
rewrite !inE; apply/idP/imageP => [|[j _ ->] //].
by case: l => [j _|//]; exists j.
Qed.

Lemma full_tied_inputs (I : finType) (i k : I) (l : own_inputs) x :
  tied_inputs (@full_tie _) (i, l) k x = delta i k * input x (val l).
Proof.
rewrite /tied_inputs -(Sum_delta (val l) (fun l' => delta i k * input x l')); apply: eq_bigr => l' _.
rewrite -Rmult_assoc; congr (_ * _); rewrite /full_tie; case: insubP => [m _ eq|out] /=.
  rewrite -{l'}eq /delta (inj_eq Some_inj) xpair_eqE (inj_eq val_inj) (eq_sym k) (eq_sym m).
  by case: (i == k); case: (l == m) => /=; ring.
rewrite /delta; case: (val l =P l') => [eq|_]; last by rewrite Rmult_0_l.
by case/negP: out; rewrite -eq (valP l).
Qed.

Lemma full_tangent_input (I : finType) (p : full_param I -> R) i l y :
  tangent (@full_tie _) p (inl (i, l)) y =
  output_weight p i y.2 * (sech2 (neuron_argument (@full_tie _) p i y.1) * input y.1 (val l)).
Proof.
rewrite /tangent; under eq_bigr => k _ do rewrite full_tied_inputs.
rewrite -[RHS](Sum_delta i (fun k => output_weight p k y.2
  * (sech2 (neuron_argument (@full_tie _) p k y.1) * input y.1 (val l)))).
by apply: eq_bigr => k _; rewrite (Rmult_swap (sech2 _)); apply: Rmult_swap.
Qed.

(* Distinct neurons: the rank is the number of parameters. *)
Definition irreducible (I : finType) (p : full_param I -> R) :=
  [/\ forall i, nonzero_weights (weights (@full_tie _) p i),
      forall i j, i != j -> ~ equal_up_to_sign (weights (@full_tie _) p i) (weights (@full_tie _) p j)
    & forall i, output_weight p i ord0 <> 0].

Definition size_of (k : nat) : nat := (k * (1 + d + hidden_bias) + output_bias)%N.

Theorem irreducible_independent (I : finType) (p : full_param I -> R) : irreducible p -> independent (tangents p).
Proof.
move=> [nonzero distinct nz]; apply: tangents_independent => // -[i l].
by exists i, (val l), ord0; rewrite /full_tie valK.
Qed.

Lemma card_full_param (I : finType) : #|[finType of full_param I]| = size_of #|I|.
Proof.
rewrite !card_sum !card_prod card_ord card_own_inputs card_sig muln1.
have -> : #|[pred _ : 'I_1 | output_bias]| = output_bias.
  by case: output_bias; [rewrite -[RHS](card_ord 1); apply: eq_card | apply: eq_card0].
by rewrite /size_of -(addnA 1%N d hidden_bias) [in RHS]mulnDr muln1 addnA (addnC (#|I| * (d + hidden_bias))%N).
Qed.

(* rank = M = k (1 + d + h) + o. *)
Theorem irreducible_rank (I : finType) (p : full_param I -> R) :
  irreducible p -> dim_span (tangents p) (size_of #|I|).
Proof. by move=> irr; rewrite -card_full_param; apply: dim_span_independent; apply: irreducible_independent. Qed.

(* Any parameter with the function of an irreducible network has at least its rank. *)
Theorem rank_lower_bound (I J : finType) (p : full_param I -> R) (p' : full_param J -> R) n : irreducible p' ->
  (forall x, network (@full_tie _) p x ord0 = network (@full_tie _) p' x ord0) ->
  dim_span (tangents p) n -> (size_of #|J| <= n)%N.
Proof.
move=> [nonzero distinct nz] same [B [h [<- ih _ hp]]].
have occurs j := needed_neuron_occurs same distinct (nonzero j) (nz j).
have [iota both] := fin_all_exists occurs.
pose e (q : full_param J) : full_param I := match q with
  | inl (j, l) => inl (iota j, l) | inr (inl (j, o)) => inr (inl (iota j, o)) | inr (inr o) => inr (inr o) end.
pose s (q : full_param J) := p (e q).
have weights_s j l : weights (@full_tie _) s j l = weights (@full_tie _) p (iota j) l.
  by rewrite /weights /full_tie; case: (insub l).
have irr : irreducible s.
  split=> [j|j k jk [sg eq]|j]; last by have [_] := both j.
  - have [[sg eq] _] := both j; have [l nzl] := nonzero j; exists l; rewrite weights_s eq => zero; apply: nzl.
    by move: zero; case: (sg) => /=; lra.
  - apply: (distinct j k jk); have [ej _] := both j; have [ek _] := both k.
    apply: up_to_sign_trans (up_to_sign_sym ej) _; apply: up_to_sign_trans ek.
    by exists sg => l; rewrite -!weights_s.
have argument_s j x : neuron_argument (@full_tie _) s j x = neuron_argument (@full_tie _) p (iota j) x.
  by apply: argument_ext => l; apply: weights_s.
rewrite -card_full_param; apply: (independent_card (irreducible_independent irr)) => q.
have -> : tangent (@full_tie _) s q = tangent (@full_tie _) p (e q); last exact: hp.
apply: functional_extensionality => y.
case: q => [[j l]|[[j o]|q]] //; first by rewrite !full_tangent_input argument_s.
by rewrite /tangent argument_s.
Qed.

(* Only networks with at least as many neurons have this function. *)
Theorem expressible_only_if (I J : finType) (p : full_param I -> R) (p' : full_param J -> R) : irreducible p' ->
  (forall x, network (@full_tie _) p x ord0 = network (@full_tie _) p' x ord0) -> (#|J| <= #|I|)%N.
Proof.
move=> [nonzero distinct nz] same.
have [iota both] := fin_all_exists (fun j => needed_neuron_occurs same distinct (nonzero j) (nz j)).
apply: (leq_card iota) => i j eq; apply/eqP/negPn/negP => ij; apply: (distinct i j ij).
have [ei _] := both i; have [ej _] := both j; rewrite eq in ei.
exact: up_to_sign_trans (up_to_sign_sym ei) ej.
Qed.

(* It is attained in networks with more neurons: let the other neurons be zero. *)
Theorem rank_attained (I J : finType) (p' : full_param J -> R) : irreducible p' -> (#|J| <= #|I|)%N ->
  exists p : full_param I -> R, (forall x, network (@full_tie _) p x ord0 = network (@full_tie _) p' x ord0)
    /\ dim_span (tangents p) (size_of #|J|).
Proof.
move=> irr JI.
pose iota (j : J) : I := enum_val (widen_ord JI (enum_rank j)).
have iota_inj : injective iota by move=> j k /enum_val_inj/(congr1 val)/= /val_inj/enum_rank_inj.
pose g i := [pick j | iota j == i].
have giota j : g (iota j) = Some j.
  by rewrite /g; case: pickP => [k /eqP/iota_inj -> //|/(_ j)]; rewrite eqxx.
have gSome i j : g i = Some j -> i = iota j by rewrite /g; case: pickP => // k /eqP <- [->].
pose p (q : full_param I) := match q with
  | inl (i, l) => if g i is Some j then p' (inl (j, l)) else 0
  | inr (inl (i, o)) => if g i is Some j then p' (inr (inl (j, o))) else 0
  | inr (inr o) => p' (inr (inr o)) end.
have weights_p i : weights (@full_tie _) p i = if g i is Some j then weights (@full_tie _) p' j else fun _ => 0.
  apply: functional_extensionality => l; rewrite /weights /full_tie.
  by case eq: (g i) => [j|]; case: (insub l) => [m|] //=; rewrite eq.
have argument_p i x : neuron_argument (@full_tie _) p i x =
    if g i is Some j then neuron_argument (@full_tie _) p' j x else 0.
  rewrite /neuron_argument weights_p; case: (g i) => [j|] //.
  by rewrite /argument big1 // => l _; rewrite Rmult_0_l.
have Sum_g (F : J -> R) : \Sum_i (if g i is Some j then F j else 0) = \Sum_j F j.
  transitivity (\Sum_i \Sum_j (delta (iota j) i * F j)); last first.
    by rewrite Sum_swap; apply: eq_bigr => j _; rewrite (Sum_delta (iota j) (fun _ => F j)).
  apply: eq_bigr => i _; case eq: (g i) => [j|].
    rewrite -(Sum_delta j F); apply: eq_bigr => k _; congr (_ * _).
    by rewrite (gSome _ _ eq) /delta (inj_eq iota_inj) eq_sym.
  by rewrite big1 // => j _; rewrite /delta; case: eqP => [ij|_]; [rewrite -ij giota in eq | ring].
exists p; split=> [x|].
  rewrite /network; congr (_ + _); rewrite -(Sum_g (fun j => output_weight p' j ord0 * tanh _)).
  apply: eq_bigr => i _; rewrite argument_p /output_weight /=; case: (g i) => [j|] //; ring.
pose e (q : full_param J) : full_param I := match q with
  | inl (j, l) => inl (iota j, l) | inr (inl (j, o)) => inr (inl (iota j, o)) | inr (inr o) => inr (inr o) end.
have tangent_e q : tangent (@full_tie _) p (e q) = tangent (@full_tie _) p' q.
  apply: functional_extensionality => y; case: q => [[j l]|[[j o]|q]] //.
    by rewrite !full_tangent_input argument_p giota /output_weight /= giota.
  by rewrite /e /tangent argument_p giota.
exists [finType of full_param J], (tangents p'); split.
- exact: card_full_param.
- exact: irreducible_independent.
- by move=> q; rewrite -tangent_e; apply: span_generator.
move=> q; have zero_span u : (forall y, u y = 0) -> in_span (tangents p') u.
  by move=> zero; exists (fun _ => 0) => y; rewrite zero /lin big1 // => r _; ring.
case: q => [[i l]|[[i o]|q]].
- case eq: (g i) => [j|].
    by rewrite (gSome _ _ eq) -[inl _]/(e (inl (j, l))) tangent_e; apply: span_generator.
  by apply: zero_span => y; rewrite full_tangent_input /output_weight /= eq; ring.
- case eq: (g i) => [j|].
    by rewrite (gSome _ _ eq) -[inr _]/(e (inr (inl (j, o)))) tangent_e; apply: span_generator.
  apply: zero_span => y; rewrite /tangent argument_p eq.
  by rewrite tanh_0 Rmult_0_r.
- by rewrite -[inr _]/(e (inr (inr q))) tangent_e; apply: span_generator.
Qed.

End FullyConnected.

(* ---- Optimistic sample sizes ---- *)

(* The definitions of RealModels.v number outputs by 0, 1, 2, ...; the outputs behind the last one are zero. *)
Section OneOutput.

Variables (X : Type) (Q : finType) (g : Q -> X * 'I_1 -> R).

Definition one_output (u : X * 'I_1 -> R) : fn X := fun x o => if o is 0%N then u (x, ord0) else 0.
Definition span_functions : fn X -> Prop := fun f => exists v, f = one_output (lin v g).

Definition enumerated (k : nat) : fn X :=
  if insub k is Some k' then one_output (g (@enum_val Q predT k')) else fun _ _ => 0.

Lemma combination_enumerated a :
  combination #|Q| enumerated a = one_output (lin (fun q => a (val (enum_rank q))) g).
Proof.
apply: fn_ext => x o; rewrite /combination /one_output /enumerated.
have term (k : 'I_#|Q|) : insub (val k) = Some k by rewrite valK.
case: o => [|o]; last by rewrite big1 // => k _; rewrite term Rmult_0_r.
by rewrite /lin Sum_enum; apply: eq_bigr => k _; rewrite term enum_valK.
Qed.

Lemma span_functions_finite u : span_functions u <-> span (family #|Q| enumerated) u.
Proof.
split=> [[v ->]|/span_family [a ->]]; last by rewrite combination_enumerated; eexists.
pose a k := if insub k is Some k' then v (@enum_val Q predT k') else 0.
have -> : one_output (lin v g) = combination #|Q| enumerated a; last exact: combination_in_span.
rewrite combination_enumerated; congr one_output; apply: functional_extensionality => y.
by apply: eq_bigr => q _; rewrite /a valK enum_rankK.
Qed.

Lemma dim_to_dim_span r : dim span_functions r -> dim_span g r.
Proof.
move=> [e [indep spans]].
have member k : (k < r)%N -> span_functions (e k).
  by move=> kr; apply/spans; apply: RealSpans.span_generator; exists k.
exists [finType of 'I_r], (fun (k : 'I_r) y => e k y.1 0%N); split=> [|a zero k|k|q].
- exact: card_ord.
- pose b j := if insub j is Some j' then a j' else 0.
  have := indep b _ (val k) (ltn_ord k); rewrite /b valK; apply=> x [|o]; last first.
    rewrite /combination big1 // => j _; have [v ->] := member _ (ltn_ord j); rewrite /one_output; ring.
  by rewrite -[RHS](zero (x, ord0)); apply: eq_bigr => j _; rewrite valK.
- have [v ->] := member _ (ltn_ord k); exists v => -[x o] /=; by rewrite (ord1 o).
have [|a eq] := @span_family _ r e (one_output (g q)).
  apply/spans; exists (delta q); congr one_output; apply: functional_extensionality => y.
  by rewrite /lin (Sum_delta q (fun q' => g q' y)).
exists (fun k : 'I_r => a (val k)) => -[x o]; rewrite (ord1 o).
by have := congr1 (fun f => f x 0%N) eq.
Qed.

Lemma dim_span_to_dim r : dim_span g r -> dim span_functions r.
Proof.
move=> gr; have [s [_ [e [indep spans]]]] := RealSpans.dim_exists #|Q| enumerated.
have dim_s : dim span_functions s by exists e; split=> // u; rewrite -spans; apply: span_functions_finite.
by rewrite (dim_span_unique gr (dim_to_dim_span dim_s)).
Qed.

End OneOutput.

Section OptimisticSampleSize.

Variables (d : nat) (hidden_bias output_bias : bool) (I J : finType).

Notation inputs := ('I_d -> R).
Notation full_param I := (param 1 I [finType of I * own_inputs d hidden_bias] output_bias).

Definition full_network (K : finType) (p : full_param K -> R) : fn inputs :=
  one_output (fun y => network (@full_tie d hidden_bias K) p y.1 y.2).
Definition full_tangent_space (K : finType) (p : full_param K -> R) : fn inputs -> Prop :=
  span_functions (tangent (@full_tie d hidden_bias K) p : [finType of full_param K] -> _).

(* O(fstar) = k (1 + d + h) + o in a network of neurons I, for a network fstar of k neurons J as above, k <=
   |I|: the least number of samples with which some parameter with the function fstar has an LLR guarantee. *)
Theorem optimistic_sample_size_two_layer_tanh (p' : full_param J -> R) : irreducible p' -> (#|J| <= #|I|)%N ->
  RealModels.optimistic_sample_size (fun _ => True) (@full_network I) (@full_tangent_space I) (full_network p')
    (size_of d hidden_bias output_bias #|J|).
Proof.
move=> irr JI; apply/RealModels.optimistic_sample_size_is_minimal_rank => [p _|p _ u [v ->] x [|o] //|].
  by exists #|[finType of full_param I]|; eexists => u; apply: span_functions_finite.
split=> [|m [p [_ target rank]]].
  have [p [target rank]] := rank_attained irr JI.
  exists p; split=> // [x [|o] //|]; first exact: target.
  exact: dim_span_to_dim.
apply: (rank_lower_bound irr _ (dim_to_dim_span rank)) => x.
exact: (target x 0%N).
Qed.

End OptimisticSampleSize.

(* Without biases: k (d + 1). *)
Corollary size_without_biases d k : size_of d false false k = (k * (d + 1))%N.
Proof. by rewrite /size_of /= !addn0 addnC. Qed.

(* With hidden biases: k (d + 2); with output bias as well: k (d + 2) + 1. *)
Corollary size_with_hidden_biases d k : size_of d true false k = (k * (d + 2))%N.
Proof. by rewrite /size_of /= addn0 add1n addn1 addn2. Qed.

Corollary size_with_biases d k : size_of d true true k = (k * (d + 2) + 1)%N.
Proof. by rewrite /size_of /= add1n !addn1 addn2. Qed.
