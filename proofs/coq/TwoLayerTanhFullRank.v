(* The rank of fully-connected two-layer tanh networks with one output, at every parameter.

   docs/theory/two-layer-tanh.md (The formula for untied weights; One output).  Neurons with non-zero weights
   are grouped into N clusters of neurons that are equal up to sign; N_a of them contain a neuron with a
   non-zero output weight; Z is the set of the constant neurons.  With h = 1 for hidden biases, and brackets
   that are 1 or 0,
     rank(theta) = N + (d + h) N_a + d [some i in Z has a_i <> 0] + rho,
     rho = [there is an output bias, or some i in Z has b_i <> 0, or h = 1 and some i in Z has a_i <> 0]. *)

From Coq Require Import Reals Lra Classical.
From mathcomp Require Import ssreflect ssrfun ssrbool eqtype ssrnat seq choice fintype bigop.
From LLR Require Import RealSpans Independence TwoLayerTanhLine TwoLayerTanhIndependence TwoLayerTanhRank
  TwoLayerTanhTied TwoLayerTanhTargets.

Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.

Local Open Scope R_scope.

(* If every row of a matrix is a multiple of a unit row, its rank is the number of columns in which an entry is
   not zero. *)
Lemma dim_span_unit_rows (J K : finType) (D : J -> K -> R) (column : J -> K) (e : J -> R) (hit : pred K) :
  (forall j k, D j k = e j * delta (column j) k) -> (forall k, hit k <-> exists2 j, column j = k & e j <> 0) ->
  dim_span D #|hit|.
Proof.
move=> rows hits.
exists [finType of {k : K | hit k}], (fun b k => delta (val b) k); split=> [|a zero b|b|j].
- by rewrite card_sig; apply: eq_card.
- rewrite -[RHS](zero (val b)) /lin -(Sum_delta b a); apply: eq_bigr => b' _.
  by rewrite Rmult_comm /delta (inj_eq val_inj) eq_sym.
- have [j colj nz] := (hits (val b)).1 (valP b).
  exists (fun i => / e j * delta j i) => k.
  transitivity (/ e j * D j k); first by rewrite rows colj -Rmult_assoc Rinv_l // Rmult_1_l.
  by rewrite -(Sum_delta j (fun i => D i k)) Sum_mull; apply: eq_bigr => i _; apply: esym (Rmult_assoc _ _ _).
case: (Req_dec (e j) 0) => [e0|nz].
  by exists (fun _ => 0) => k; rewrite rows e0 /lin big1 => [|b _]; ring.
have hit_j : hit (column j) by apply/hits; exists j.
exists (fun b => e j * delta (Sub (column j) hit_j : {k : K | hit k}) b) => k.
rewrite rows /lin -(Sum_delta (Sub (column j) hit_j : {k : K | hit k}) (fun b => e j * delta (val b) k)).
by apply: eq_bigr => b _; rewrite Rmult_swap; apply: esym (Rmult_assoc _ _ _).
Qed.

Lemma sum_option (I : finType) (F : option I -> nat) : (\sum_l F l = F None + \sum_i F (Some i))%N.
Proof.
rewrite (bigD1 None) //=; congr (_ + _)%N.
rewrite (reindex_omap (fun i : I => Some i) id) => [|[i|] //].
by apply: eq_bigl => i; rewrite eqxx.
Qed.

Section FullRank.

Variables (d : nat) (hidden_bias output_bias : bool) (I : finType).

Notation full_param := (param 1 I [finType of I * own_inputs d hidden_bias] output_bias).
Notation tie := (@full_tie d hidden_bias I).

Variables (p : full_param -> R) (C : finType) (clus : clustering (weights tie p) C).

Notation a i := (output_weight p i ord0).
Notation b i := (weights tie p i None).

(* The brackets of the formula, as truth values: cluster P is active, zeta and rho. *)
Variables (active : pred C) (zeta rho : bool).
Hypothesis activeP : forall P, active P <-> exists i, cluster clus i = Some P /\ a i <> 0.
Hypothesis zetaP : zeta <-> exists i, cluster clus i = None /\ a i <> 0.
Hypothesis rhoP : rho <->
  output_bias \/ exists i, cluster clus i = None /\ (b i <> 0 \/ hidden_bias /\ a i <> 0).

(* The columns of D in which an entry is not zero. *)
Definition hit (k : column d 1 C) : bool := match k.1 with
  | (Some P, l) => active P && (hidden_bias || (l != None))
  | (None, Some _) => zeta
  | (None, None) => rho
  end.

Lemma factor_nonzero i : factor clus i <> 0.
Proof. by rewrite /factor; case: (cluster clus i) => [_|]; [lra | have := sech2_pos (b i); lra]. Qed.

Lemma tanh_nonzero z : z <> 0 -> tanh z <> 0.
Proof.
move=> nz zero; apply: nz; have := tanh_exp z; rewrite zero Rmult_0_r => eq.
have : exp (2 * z) = exp 0 by rewrite exp_0; lra.
by move/exp_inv; lra.
Qed.

Definition column_of (q : full_param) : column d 1 C := match q with
  | inl (i, l) => (cluster clus i, val l, ord0) | _ => (None, None, ord0) end.

Definition entry_of (q : full_param) : R := match q with
  | inl (i, l) => factor clus i * a i
  | inr (inl (i, _)) => if cluster clus i is None then tanh (b i) else 0
  | inr (inr _) => 1 end.

Lemma matrix_D_full q k : matrix_D clus q k = entry_of q * delta (column_of q) k.
Proof.
case: k => [[K l] o]; rewrite (ord1 o); case: q => [[i m]|[[i o']|q]] /=; first last.
- by rewrite (ord1 (val q)) Rmult_1_l.
- by rewrite (ord1 o'); case: (cluster clus i) => [_|]; ring.
pose G i' := factor clus i' * a i' * delta (cluster clus i', val m, ord0 : 'I_1) (K, l, ord0).
transitivity (\Sum_i' (delta i i' * G i')).
  have unit1 : delta (ord0 : 'I_1) ord0 = 1 by rewrite /delta eqxx.
  apply: eq_bigr => i' _; rewrite /G !delta_pair unit1 Rmult_1_r.
  have -> : delta (tie i' l) (Some (i, m)) = delta i i' * delta (val m) l.
    rewrite /full_tie; case: insubP => [r _ <-|out] /=.
      rewrite /delta (inj_eq Some_inj) xpair_eqE (inj_eq val_inj) (eq_sym i') (eq_sym r).
      by case: (i == i'); case: (m == r) => /=; ring.
    rewrite /delta; case: (val m =P l) => [eq|_]; last by rewrite Rmult_0_r.
    by case/negP: out; rewrite -eq (valP m).
  have rearrange (u v w x : R) : u * (v * w * x) = v * (x * (u * w)) by ring.
  exact: rearrange.
exact: (Sum_delta i G).
Qed.

Lemma hitP (k : column d 1 C) : hit k <-> exists2 q, column_of q = k & entry_of q <> 0.
Proof.
have own l : hidden_bias || (l != None) -> exists m : own_inputs d hidden_bias, val m = l.
  by move=> ok; exists (Sub l ok).
have kernel i m : a i <> 0 -> entry_of (inl (i, m)) <> 0.
  by move=> nz /Rmult_integral [|//]; apply: factor_nonzero.
case: k => [[K l] o]; rewrite (ord1 o) {o}; split.
  case: K => [P /andP [/activeP [i [iP nz]] /own [m <-]]|].
    by exists (inl (i, m)) => /=; [rewrite iP | apply: (kernel i m)].
  case: l => [j /zetaP [i [iZ nz]]|].
    have [|m eq] := own (Some j); first by rewrite orbT.
    by exists (inl (i, m)) => /=; [rewrite iZ eq | apply: (kernel i m)].
  move=> /rhoP [ob|[i [iZ [nz|[hb nz]]]]].
  - by exists (inr (inr (Sub ord0 ob))) => //=; lra.
  - by exists (inr (inl (i, ord0))) => //=; rewrite iZ; apply: tanh_nonzero.
  - have [|m eq] := own None; first by rewrite hb.
    by exists (inl (i, m)) => /=; [rewrite iZ eq | apply: (kernel i m)].
case=> -[[i m]|[[i o]|[o ob]]] /= [<- <-] nz; rewrite /hit /=; last by apply/rhoP; left.
- have a0 : a i <> 0 by move=> zero; apply: nz; rewrite zero Rmult_0_r.
  case eq: (cluster clus i) => [P|]; first by apply/andP; split; [apply/activeP; exists i | apply: (valP m)].
  case eq_m: (val m) => [j|]; first by apply/zetaP; exists i.
  by apply/rhoP; right; exists i; split=> //; right; split=> //; have := valP m; rewrite eq_m orbF.
- move: nz; case eq: (cluster clus i) => [P|] // nz; apply/rhoP; right; exists i; split=> //; left.
  by move=> zero; apply: nz; rewrite zero tanh_0.
Qed.

Lemma card_hit : #|[pred k | hit k]| = ((d + hidden_bias) * #|active| + d * zeta + rho)%N.
Proof.
pose h K l : nat := hit (K, l, ord0 : 'I_1).
have -> : #|[pred k | hit k]| = (\sum_K \sum_l h K l)%N.
  rewrite pair_bigA -sum1_card.
  transitivity (\sum_(k : (option C * option 'I_d) * 'I_1) h k.1.1 k.1.2)%N.
    by rewrite big_mkcond; apply: eq_bigr => -[[K l] o] _; rewrite (ord1 o) inE /h; case: (hit _).
  rewrite -(pair_bigA _ (fun (k : option C * option 'I_d) (o : 'I_1) => h k.1 k.2)) /=.
  by apply: eq_bigr => k _; rewrite big_ord_recl big_ord0 addn0.
have cluster_columns P : (\sum_l h (Some P) l = (d + hidden_bias) * (P \in active))%N.
  rewrite sum_option /h /hit /= orbF sum_nat_const card_ord -topredE /= orbT andbT.
  by case: (active P); case: hidden_bias; rewrite /= ?muln0 ?muln1 ?addn0 // addnC.
rewrite sum_option; under [X in (_ + X)%N]eq_bigr => P _ do rewrite cluster_columns.
rewrite -big_distrr /= sum_option /h /hit /= sum_nat_const card_ord addnC (addnC _ (d * zeta)%N) addnA.
by rewrite -sum1_card [in RHS]big_mkcond; congr (_ * _ + _ + _)%N; apply: eq_bigr => P _; case: ifP.
Qed.

Theorem rank_full n :
  dim_span (tangent tie p : [finType of full_param] -> _) n <->
  n = (#|C| + ((d + hidden_bias) * #|active| + d * zeta + rho))%N.
Proof.
have D := dim_span_unit_rows matrix_D_full hitP.
rewrite (rank_tied clus) muln1 -card_hit; split=> [[r Dr ->]|->]; last by exists #|hit|.
by congr (_ + _)%N; apply: dim_span_unique Dr D.
Qed.

End FullRank.
