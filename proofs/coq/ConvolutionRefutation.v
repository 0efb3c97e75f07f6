(* The formula k (S + L) for convolutional networks with shared kernels fails.

   docs/theory/two-layer-tanh.md (Example) and convolution-targets.md (Example).  Theorem 6 of arXiv 2406.18035
   (first version) states that a function which needs exactly k kernels of S entries at L positions each has the
   optimistic sample size k (S + L).  For d = 3 inputs and S = L = 2 the function
     2 tanh x_0 + 8 tanh x_1 + 7 tanh x_2
   needs two kernels, and its optimistic sample size is 7, not 8.  (The two kernels (1, 0) and (0, 1) give equal
   padded kernels; the rank at a parameter is k (S + L) if none are equal up to sign: convolution_rank in
   TwoLayerTanhConvolution.v.) *)

From Coq Require Import Reals Lra Classical FunctionalExtensionality.
From mathcomp Require Import ssreflect ssrfun ssrbool eqtype ssrnat seq choice fintype finfun bigop.
From LLR Require RealModels.
From LLR Require Import RealSpans Independence TwoLayerTanhLine TwoLayerTanhIndependence TwoLayerTanhRank
  TwoLayerTanhTied TwoLayerTanhTargets TwoLayerTanhConvolution.

Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.

Local Open Scope R_scope.

(* Three inputs, kernels of two entries, two positions. *)
Definition fits322 : (2 + 2)%N = 3.+1 := erefl.
Notation at_ pos q := (place fits322 pos q).
Notation tie322 k := (@convolution_tie 3 2 2 fits322 k).
Notation param322 k := (convolution_param 2 2 k).
Notation inputs := ('I_3 -> R).

Definition entry0 : 'I_3 := @Ordinal 3 0 erefl.
Definition entry1 : 'I_3 := @Ordinal 3 1 erefl.
Definition entry2 : 'I_3 := @Ordinal 3 2 erefl.

Definition target (x : inputs) : R := 2 * tanh (x entry0) + 8 * tanh (x entry1) + 7 * tanh (x entry2).

(* The parameter with the kernels (1, 0), (0, 1), output weights (2, 3), (5, 7), and all further channels zero. *)
Definition read_out (ch pos : nat) : R :=
  match ch, pos with 0%N, 0%N => 2 | 0%N, _ => 3 | 1%N, 0%N => 5 | 1%N, _ => 7 | _, _ => 0 end.

Definition shifted_kernels (m : nat) (q : param322 m) : R := match q with
  | inl (ch, q) => if val ch == val q then 1 else 0
  | inr (inl (ch, pos, _)) => read_out ch pos
  | inr (inr _) => 0 end.

(* Seven functions: tanh x_j, and the derivatives by the entries of two unit kernels. *)
Definition seven (b : 'I_2 -> 'I_2 -> R) (i : 'I_3 + 'I_2 * 'I_2) (y : inputs * 'I_1) : R := match i with
  | inl j => tanh (y.1 j)
  | inr (ch, q) => \Sum_pos (b ch pos * (sech2 (y.1 (at_ pos ch)) * y.1 (at_ pos q)))
  end.

(* Neuron j of three, with the argument x_j. *)
Definition unit_neuron (j : 'I_3) (l : option 'I_3) : R := delta (Some j) l.

Lemma unit_argument j x : argument (unit_neuron j) x = x j.
Proof. by rewrite /argument (Sum_delta (Some j) (input x)). Qed.

Lemma unit_nonzero j : nonzero_weights (unit_neuron j).
Proof. by exists j; rewrite /unit_neuron /delta eqxx; lra. Qed.

Lemma unit_distinct i j : i != j -> ~ equal_up_to_sign (unit_neuron i) (unit_neuron j).
Proof.
move=> ij [e /(_ (Some i))]; rewrite /unit_neuron /delta eqxx (inj_eq Some_inj) eq_sym (negbTE ij).
by rewrite Rmult_0_r; lra.
Qed.

(* pos + ch' = 2 ch only for pos = ch' = ch. *)
Lemma extreme_place (ch ch' pos : 'I_2) : delta (at_ pos ch') (at_ ch ch) = delta ch ch' * delta ch pos.
Proof.
rewrite /delta -!val_eqE /=.
case: ch => [[|[|//]] ?]; case: ch' => [[|[|//]] ?]; case: pos => [[|[|//]] ?] /=; ring.
Qed.

Lemma seven_independent b :
  (forall ch, b ch ch <> 0) -> independent (seven b : [finType of 'I_3 + 'I_2 * 'I_2] -> _).
Proof.
move=> nz a zero.
pose F ch pos (x : inputs) := b ch pos * \Sum_q (a (inr (ch, q)) * x (at_ pos q)).
pose slope j m := \Sum_ch \Sum_pos (delta (at_ pos ch) j
  * (b ch pos * \Sum_q (a (inr (ch, q)) * delta (at_ pos q) m))).
pose coef (i : [finType of atom_index 3 [finType of 'I_3]]) : R := match i with
  | inl j => a (inl j) | inr (Some j, Some m) => slope j m | _ => 0 end.
have slopes j x : argument (fun l => coef (inr (Some j, l))) x
    = \Sum_ch \Sum_pos (delta (at_ pos ch) j * F ch pos x).
  rewrite argumentE Rplus_0_l /dot /= /slope.
  under eq_bigr => m _ do rewrite Rmult_comm Sum_mull.
  rewrite Sum_swap; apply: eq_bigr => ch _.
  under eq_bigr => m _ do rewrite Sum_mull.
  rewrite Sum_swap; apply: eq_bigr => pos _.
  under eq_bigr => m _ do rewrite Rmult_swap.
  rewrite -Sum_mull; congr (_ * _).
  under eq_bigr => m _ do rewrite Rmult_swap.
  rewrite -Sum_mull; congr (_ * _).
  under eq_bigr => m _ do rewrite Sum_mull.
  rewrite Sum_swap; apply: eq_bigr => q _.
  rewrite -[RHS](Sum_delta (at_ pos q) (fun m => a (inr (ch, q)) * x m)); apply: eq_bigr => m _.
  by rewrite Rmult_comm [X in X * _ = _]Rmult_comm Rmult_assoc.
have all0 : forall i, coef i = 0.
  apply: (tanh_independent unit_nonzero unit_distinct) => x.
  rewrite lin_atoms -[RHS](zero (x, ord0)) /lin big_sumType Sum_add Rplus_assoc; congr (_ + _).
    by apply: eq_bigr => j _; rewrite unit_argument.
  rewrite [X in _ + X]argumentE /dot [X in _ + (_ + X)]big1 => [|m _]; last exact: Rmult_0_l.
  rewrite Rplus_0_l Rplus_0_r Sum_pair.
  transitivity (\Sum_ch \Sum_pos (F ch pos x * sech2 (x (at_ pos ch)))); last first.
    apply: eq_bigr => ch _; rewrite /F /=.
    under [RHS]eq_bigr => q _ do rewrite Sum_mull.
    rewrite [RHS]Sum_swap; apply: eq_bigr => pos _.
    rewrite Rmult_assoc (Rmult_comm _ (sech2 _)) !Sum_mull; apply: eq_bigr => q _; ring.
  under eq_bigr => j _ do rewrite slopes unit_argument Rmult_comm Sum_mull.
  rewrite Sum_swap; apply: eq_bigr => ch _.
  under eq_bigr => j _ do rewrite Sum_mull.
  rewrite Sum_swap; apply: eq_bigr => pos _.
  rewrite -(Sum_delta (at_ pos ch) (fun j => F ch pos x * sech2 (x j))); apply: eq_bigr => j _.
  by rewrite [LHS]Rmult_comm Rmult_assoc.
case=> [j|[ch q]]; first exact: (all0 (inl j)).
have := all0 (inr (Some (at_ ch ch), Some (at_ ch q))); rewrite /= /slope.
have -> : \Sum_c \Sum_pos (delta (at_ pos c) (at_ ch ch)
    * (b c pos * \Sum_r (a (inr (c, r)) * delta (at_ pos r) (at_ ch q)))) = b ch ch * a (inr (ch, q)).
  rewrite -(Sum_delta ch (fun c => b c c * a (inr (c, q)))); apply: eq_bigr => c _.
  rewrite [X in _ = X * _]/delta; case: (ch =P c) => [<-|/eqP ne]; last first.
    rewrite Rmult_0_l big1 // => pos _; rewrite extreme_place [delta ch c]/delta (negbTE ne).
    by rewrite !Rmult_0_l.
  rewrite Rmult_1_l -(Sum_delta ch (fun pos => b ch pos * a (inr (ch, q)))); apply: eq_bigr => pos _.
  rewrite extreme_place [delta ch ch]/delta eqxx Rmult_1_l.
  rewrite [X in X * _ = _]/delta [X in _ = X * _]/delta; case: (ch =P pos) => [<-|_]; last by rewrite !Rmult_0_l.
  congr (_ * (_ * _)); rewrite -(Sum_delta q (fun r => a (inr (ch, r)))); apply: eq_bigr => r _.
  by rewrite /delta (inj_eq (@place_inj _ _ _ fits322 ch)) eq_sym Rmult_comm.
by case/Rmult_integral => // /nz.
Qed.

(* ---- The target and its parameters ---- *)

Lemma delta_Some (K : eqType) (a b : K) : delta (Some a) (Some b) = delta a b.
Proof. by rewrite /delta (inj_eq Some_inj). Qed.

Lemma extreme_placeP (ch ch' pos : 'I_2) : at_ pos ch' = at_ ch ch -> ch' = ch /\ pos = ch.
Proof.
move/(congr1 val) => /=; case: ch => [[|[|//]] ?]; case: ch' => [[|[|//]] ?]; case: pos => [[|[|//]] ?] //= _.
  by split; apply: val_inj.
by split; apply: val_inj.
Qed.

Lemma every_place (j : 'I_3) : exists pos ch : 'I_2, at_ pos ch = j.
Proof.
pose one : 'I_2 := @Ordinal 2 1 erefl.
case: j => [[|[|[|//]]] lt]; [exists ord0, ord0 | exists one, ord0 | exists one, one]; exact: val_inj.
Qed.

Lemma no_offset m (p : param322 m -> R) o : offset p o = 0.
Proof. by rewrite /offset big1 // => -[]. Qed.

Lemma sum_two m (F : 'I_m.+2 -> R) : (forall ch, (1 < val ch)%N -> F ch = 0) ->
  \Sum_ch F ch = F ord0 + F (lift ord0 ord0).
Proof. by move=> zero; rewrite !big_ord_recl big1 ?Rplus_0_r // => ch _; apply: zero. Qed.

Lemma shifted_argument m (ch : 'I_m) (c pos : 'I_2) x : val ch = val c ->
  neuron_argument (tie322 m) (@shifted_kernels m) (ch, pos) x = x (at_ pos c).
Proof.
move=> eq; rewrite convolution_argument -(Sum_delta c (fun q => x (at_ pos q))).
by apply: eq_bigr => q _; rewrite /= eq val_eqE.
Qed.

Lemma shifted_argument_zero m (ch : 'I_m) (pos : 'I_2) x : (1 < val ch)%N ->
  neuron_argument (tie322 m) (@shifted_kernels m) (ch, pos) x = 0.
Proof.
move=> big; rewrite convolution_argument big1 // => q _ /=.
by rewrite gtn_eqF ?Rmult_0_l //; apply: leq_trans (ltn_ord q) _.
Qed.

Lemma read_out_zero ch pos : (1 < ch)%N -> read_out ch pos = 0.
Proof. by case: ch => [|[|ch]]. Qed.

(* The network with the shifted kernels is the target. *)
Theorem shifted_kernels_target m x : network (tie322 m.+2) (@shifted_kernels m.+2) x ord0 = target x.
Proof.
rewrite /network no_offset Rplus_0_r Sum_pair sum_two => [|ch big]; last first.
  by rewrite big1 // => pos _; rewrite /output_weight /= read_out_zero // Rmult_0_l.
pose one : 'I_2 := @Ordinal 2 1 erefl.
rewrite !big_ord_recl !big_ord0 !(@shifted_argument _ ord0 ord0) // !(@shifted_argument _ (lift ord0 ord0) one) //.
rewrite /output_weight /target /=.
have e0 : at_ ord0 ord0 = entry0 by apply: val_inj.
have e1 : at_ (lift ord0 ord0) ord0 = entry1 by apply: val_inj.
have e1' : at_ ord0 one = entry1 by apply: val_inj.
have e2 : at_ (lift ord0 ord0) one = entry2 by apply: val_inj.
by rewrite e0 e1 e1' e2; ring.
Qed.

(* ---- The rank at the shifted kernels ---- *)

Notation tangents322 p := (tangent (tie322 _) p : [finType of param322 _] -> _).
Notation seven_index := [finType of 'I_3 + 'I_2 * 'I_2].

Lemma card_seven : #|seven_index| = 7%N.
Proof. by rewrite card_sum card_prod !card_ord. Qed.

Theorem shifted_kernels_rank m : dim_span (tangents322 (@shifted_kernels m.+2)) 7%N.
Proof.
pose b (ch pos : 'I_2) := read_out ch pos.
pose channel (c : 'I_2) : 'I_m.+2 := widen_ord (isT : (2 <= m.+2)%N) c.
have kernel c q : tangent (tie322 m.+2) (@shifted_kernels m.+2) (inl (channel c, q)) = seven b (inr (c, q)).
  apply: functional_extensionality => y; rewrite convolution_tangent_kernel.
  by apply: eq_bigr => pos _; rewrite (@shifted_argument _ _ c).
have output c pos o : tangent (tie322 m.+2) (@shifted_kernels m.+2) (inr (inl (channel c, pos, o)))
    = seven b (inl (at_ pos c)).
  apply: functional_extensionality => -[x o']; rewrite /tangent (@shifted_argument _ _ c) //=.
  by rewrite (ord1 o) (ord1 o') /delta eqxx Rmult_1_l.
have in_channel (ch : 'I_m.+2) : (val ch < 2)%N -> exists c, ch = channel c.
  by move=> lt; exists (Ordinal lt); apply: val_inj.
have zero_span u : (forall y, u y = 0) -> in_span (seven b : seven_index -> _) u.
  by move=> zero; exists (fun _ => 0) => y; rewrite zero /lin big1 // => r _; ring.
exists seven_index, (seven b); split.
- exact: card_seven.
- by apply: seven_independent => -[[|[|//]] lt]; rewrite /b /=; lra.
- case=> [j|[c q]]; last by rewrite -kernel; apply: span_generator.
  by have [pos [c <-]] := every_place j; rewrite -(output c pos ord0); apply: span_generator.
case=> [[ch q]|[[[ch pos] o]|[]//]].
- case: (ltnP ch 2) => [/in_channel [c ->]|big]; first by rewrite kernel; apply: span_generator.
  apply: zero_span => y; rewrite convolution_tangent_kernel big1 // => pos _.
  by rewrite /output_weight /= read_out_zero // Rmult_0_l.
- case: (ltnP ch 2) => [/in_channel [c ->]|big]; first by rewrite output; apply: span_generator.
  by apply: zero_span => y; rewrite /tangent shifted_argument_zero // tanh_0 Rmult_0_r.
Qed.

(* ---- Every parameter with this function ---- *)

(* The target as a fully-connected network of three neurons. *)
Definition target_param (q : param 1 [finType of 'I_3] [finType of 'I_3 * own_inputs 3 false] false) : R :=
  match q with
  | inl (j, l) => delta (Some j) (val l)
  | inr (inl (j, _)) => match val j with 0%N => 2 | 1%N => 8 | _ => 7 end
  | inr (inr _) => 0 end.

Lemma target_weights j l : weights (@full_tie 3 false [finType of 'I_3]) target_param j l = unit_neuron j l.
Proof.
rewrite /weights /full_tie; case: insubP => [q _ <- //|] /=.
by rewrite negbK => /eqP ->.
Qed.

Lemma target_network x : network (@full_tie 3 false [finType of 'I_3]) target_param x ord0 = target x.
Proof.
rewrite /network /offset [X in _ + X]big1 => [|[]//]; rewrite Rplus_0_r /target !big_ord_recl big_ord0.
have arg j : neuron_argument (@full_tie 3 false [finType of 'I_3]) target_param j x = x j.
  by rewrite -[RHS](unit_argument j); apply: argument_ext => l; apply: target_weights.
rewrite !arg /output_weight /=.
have -> : entry0 = ord0 by apply: val_inj.
have -> : entry1 = lift ord0 ord0 by apply: val_inj.
have -> : entry2 = lift ord0 (lift ord0 ord0) by apply: val_inj.
by ring.
Qed.

Section TargetSet.

Variables (m : nat) (p : param322 m -> R).
Hypothesis p_target : forall x, network (tie322 m) p x ord0 = target x.

Lemma unit_neuron_occurs j : exists i,
  equal_up_to_sign (weights (tie322 m) p i) (unit_neuron j) /\ output_weight p i ord0 <> 0.
Proof.
have unit_weights k : weights (@full_tie 3 false [finType of 'I_3]) target_param k = unit_neuron k.
  by apply: functional_extensionality; apply: target_weights.
have same x : network (tie322 m) p x ord0 = network (@full_tie 3 false [finType of 'I_3]) target_param x ord0.
  by rewrite p_target target_network.
have distinct k l : k != l -> ~ equal_up_to_sign (weights (@full_tie 3 false [finType of 'I_3]) target_param k)
    (weights (@full_tie 3 false [finType of 'I_3]) target_param l).
  by rewrite !unit_weights; apply: unit_distinct.
have [|| i both] := needed_neuron_occurs same distinct (j := j).
- by rewrite unit_weights; apply: unit_nonzero.
- by rewrite /output_weight /=; case: (val j) => [|[|?]]; lra.
by exists i; rewrite -unit_weights.
Qed.

(* A channel with the kernel +-(1, 0) at position 0, and one with the kernel +-(0, 1) at position 1. *)
Lemma extreme_channel (c : 'I_2) : exists ch, (exists e, forall q, p (inl (ch, q)) = sign e * delta c q)
  /\ output_weight p (ch, c) ord0 <> 0.
Proof.
have [[ch pos] [[e eq] nz]] := unit_neuron_occurs (at_ c c).
have kernel q : p (inl (ch, q)) = sign e * delta (at_ c c) (at_ pos q).
  have := eq (Some (at_ pos q)); rewrite /unit_neuron delta_Some => <-.
  rewrite /weights; have /eqP -> // : convolution_tie fits322 (ch, pos) (Some (at_ pos q)) == Some (ch, q).
  by rewrite convolution_tieE !eqxx.
have [q place_q] : exists q, at_ pos q = at_ c c.
  apply: NNPP => none; have := eq (Some (at_ c c)); rewrite /unit_neuron /delta eqxx /weights.
  case tied: (convolution_tie _ _ _) => [[ch' q]|]; last by case: (e) => /=; lra.
  have : convolution_tie fits322 (ch, pos) (Some (at_ c c)) == Some (ch', q) by rewrite tied.
  by rewrite convolution_tieE => /andP [_ /eqP [eq']]; case: none; exists q; apply: val_inj.
have [qc posc] := extreme_placeP place_q; rewrite posc in kernel nz.
exists ch; split=> //; exists e => r; rewrite kernel; congr (_ * _).
by rewrite /delta (inj_eq (@place_inj _ _ _ fits322 c)).
Qed.

Theorem target_rank n : dim_span (tangents322 p) n -> (7 <= n)%N.
Proof.
move=> [B [h [<- _ _ hp]]].
have [channel both] := fin_all_exists extreme_channel.
have [e kernel] := fin_all_exists (fun c => (both c).1).
pose b c pos := output_weight p (channel c, pos) ord0.
have arg c pos x : neuron_argument (tie322 m) p (channel c, pos) x = sign (e c) * x (at_ pos c).
  rewrite convolution_argument -(Sum_delta c (fun q => sign (e c) * x (at_ pos q))); apply: eq_bigr => q _.
  by rewrite kernel Rmult_assoc; apply: Rmult_swap.
rewrite -card_seven; apply: (independent_card (g := seven b : seven_index -> _)) => [|[j|[c q]]].
- by apply: seven_independent => c; have [] := both c.
- have [pos [c <-]] := every_place j.
  apply: (span_trans (g := tangents322 p)) hp.
  exists (fun q => sign (e c) * delta (inr (inl (channel c, pos, ord0))) q) => y.
  transitivity (sign (e c) * tangent (tie322 m) p (inr (inl (channel c, pos, ord0))) y); last first.
    rewrite -(Sum_delta (inr (inl (channel c, pos, ord0))) (fun q => tangent (tie322 m) p q y)) Sum_mull.
    by apply: eq_bigr => q _; rewrite Rmult_assoc.
  case: y => x o; rewrite /tangent arg tanh_odd (ord1 o) /delta eqxx Rmult_1_l -Rmult_assoc sign_square.
  by rewrite Rmult_1_l.
have -> : seven b (inr (c, q)) = tangent (tie322 m) p (inl (channel c, q)); last exact: hp.
apply: functional_extensionality => -[x o]; rewrite convolution_tangent_kernel (ord1 o).
by apply: eq_bigr => pos _; rewrite arg sech2_sign.
Qed.

(* The target needs two kernels. *)
Theorem target_needs_two_kernels : (2 <= m)%N.
Proof.
have [iota both] := fin_all_exists unit_neuron_occurs.
have iota_inj : injective iota.
  move=> i j eq; apply/eqP/negPn/negP => ij; apply: (unit_distinct ij).
  have [ei _] := both i; have [ej _] := both j; rewrite eq in ei.
  exact: up_to_sign_trans (up_to_sign_sym ei) ej.
have := leq_card iota iota_inj; rewrite card_prod !card_ord.
by case: (m) => [|[|]].
Qed.

End TargetSet.

(* ---- The refutation ---- *)

Definition conv_network m (p : param322 m -> R) : fn inputs :=
  one_output (fun y => network (tie322 m) p y.1 y.2).
Definition conv_tangent_space m (p : param322 m -> R) : fn inputs -> Prop := span_functions (tangents322 p).
Definition target_function : fn inputs := one_output (fun y => target y.1).

(* O = 7 in every shared network of this shape with two channels or more. *)
Theorem target_optimistic_sample_size m :
  RealModels.optimistic_sample_size (fun _ => True) (@conv_network m.+2) (@conv_tangent_space m.+2)
    target_function 7%N.
Proof.
apply/RealModels.optimistic_sample_size_is_minimal_rank => [p _|p _ u [v ->] x [|o] //|].
  by exists #|[finType of param322 m.+2]|; eexists => u; apply: span_functions_finite.
split=> [|n [p [_ target rank]]].
  exists (@shifted_kernels m.+2); split=> // [x [|o] //|]; first exact: shifted_kernels_target.
  exact/dim_span_to_dim/shifted_kernels_rank.
apply: (@target_rank _ p _ n (dim_to_dim_span rank)) => x.
exact: (target x 0%N).
Qed.

(* The target is the function of a network with k = 2 kernels and of none with fewer; S = L = 2; its optimistic
   sample size is not k (S + L) = 8. *)
Theorem formula_for_shared_kernels_refuted m n :
  (exists p : param322 2 -> R, forall x, network (tie322 2) p x ord0 = target x)
  /\ (forall k (p : param322 k -> R), (forall x, network (tie322 k) p x ord0 = target x) -> (2 <= k)%N)
  /\ (RealModels.optimistic_sample_size (fun _ => True) (@conv_network m.+2) (@conv_tangent_space m.+2)
        target_function n -> n <> (2 * (2 + 2))%N).
Proof.
split; [|split] => [|k p|opt eq].
- by exists (@shifted_kernels 2) => x; apply: shifted_kernels_target.
- exact: target_needs_two_kernels.
- have [rec _] := target_optimistic_sample_size m; have [_ least] := opt.
  by have := least _ rec; rewrite eq.
Qed.
