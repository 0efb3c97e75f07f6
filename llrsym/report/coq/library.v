From Coquelicot Require Import Coquelicot.
From Interval Require Import Tactic.
From Coq Require Import Reals ZArith List Lra Lia.
Import ListNotations.
Local Open Scope R_scope.

(* 1. Matrices that are invertible, because a product with an integer matrix is diagonally dominant. *)

(* Vectors of integers are lists; behind the last entry there are zeros. *)
Fixpoint add (a b : list Z) : list Z :=
  match a, b with
  | x :: a', y :: b' => (x + y)%Z :: add a' b'
  | [], _ => b
  | _, [] => a
  end.
Definition scale (x : Z) (a : list Z) : list Z := map (Z.mul x) a.

(* The combination of the rows of A with the coefficients r: the row r A. *)
Fixpoint combination (r : list Z) (A : list (list Z)) : list Z :=
  match r, A with
  | x :: r', a :: A' => add (scale x a) (combination r' A')
  | _, _ => []
  end.

(* The sum of the absolute values. *)
Fixpoint size (a : list Z) : Z :=
  match a with [] => 0%Z | x :: a' => (Z.abs x + size a')%Z end.
Definition unit_row (i : nat) (u : Z) : list Z := repeat 0%Z i ++ [u].

(* Row i of u I - L A, with n times the size of row i of L for the error of A, has a size below u. *)
Definition dominant (u n : Z) (A : list (list Z)) (i : nat) (r : list Z) : bool :=
  (size (add (unit_row i u) (scale (-1) (combination r A))) + size r * n <? u)%Z.
Fixpoint all_dominant (u n : Z) (A : list (list Z)) (i : nat) (L : list (list Z)) : bool :=
  match L with
  | [] => true
  | r :: L' => dominant u n A i r && all_dominant u n A (S i) L'
  end.

Fixpoint dot (y c : list R) : R :=
  match y, c with a :: y', b :: c' => a * b + dot y' c' | _, _ => 0 end.
Definition zdot (a : list Z) (c : list R) : R := dot (map IZR a) c.
Fixpoint largest (c : list R) : R :=
  match c with [] => 0 | b :: c' => Rmax (Rabs b) (largest c') end.

(* The integers a are s times the real numbers y, up to 1. *)
Fixpoint near (s : R) (y : list R) (a : list Z) : Prop :=
  match y, a with
  | [], [] => True
  | v :: y', x :: a' => Rabs (s * v - IZR x) <= 1 /\ near s y' a'
  | _, _ => False
  end.

Lemma largest_nonneg : forall c, 0 <= largest c.
Proof.
  induction c as [|b c IH]; simpl; [lra | apply Rle_trans with (1 := IH); apply Rmax_r].
Qed.

Lemma zdot_nil : forall a, zdot a [] = 0.
Proof. destruct a; reflexivity. Qed.

Lemma zdot_add : forall a b c, zdot (add a b) c = zdot a c + zdot b c.
Proof.
  unfold zdot; induction a as [|x a IH]; intros [|y b] [|z c]; simpl; try ring.
  rewrite IH, plus_IZR; ring.
Qed.

Lemma zdot_scale : forall x a c, zdot (scale x a) c = IZR x * zdot a c.
Proof.
  unfold zdot; induction a as [|y a IH]; intros [|z c]; simpl; try ring.
  change (map (Z.mul x) a) with (scale x a); rewrite IH, mult_IZR; ring.
Qed.

Lemma zdot_unit : forall i u c, zdot (unit_row i u) c = IZR u * nth i c 0.
Proof.
  unfold zdot; induction i as [|i IH]; intros u [|z c]; simpl; try ring.
  change (repeat 0%Z i ++ [u]) with (unit_row i u); rewrite IH; ring.
Qed.

Lemma zdot_bound : forall a c, Rabs (zdot a c) <= IZR (size a) * largest c.
Proof.
  unfold zdot; induction a as [|x a IH]; intros [|z c]; simpl; rewrite ?Rabs_R0;
    try (rewrite ?plus_IZR, ?abs_IZR; lra).
  rewrite plus_IZR, abs_IZR.
    assert (H := Rabs_triang (IZR x * z) (dot (map IZR a) c)); rewrite Rabs_mult in H.
    assert (Hz := Rmax_l (Rabs z) (largest c)); assert (Hc := Rmax_r (Rabs z) (largest c)).
    assert (0 <= Rabs (IZR x)) by apply Rabs_pos.
    assert (0 <= IZR (size a)).
    { apply IZR_le; clear; induction a; simpl; lia. }
    specialize (IH c); nra.
Qed.

Lemma near_dot : forall s y a c, near s y a ->
  Rabs (s * dot y c - zdot a c) <= INR (length c) * largest c.
Proof.
  unfold zdot; intros s; induction y as [|v y IH]; intros [|x a] [|z c] H; try (now destruct H).
  - simpl; rewrite Rmult_0_r, Rminus_0_r, Rabs_R0; lra.
  - simpl dot; rewrite Rmult_0_r, Rminus_0_r, Rabs_R0.
    apply Rmult_le_pos; [apply pos_INR | apply largest_nonneg].
  - simpl; rewrite Rmult_0_r, Rminus_0_r, Rabs_R0; lra.
  - destruct H as [Hv H]; specialize (IH a c H).
    change (dot (v :: y) (z :: c)) with (v * z + dot y c).
    change (dot (map IZR (x :: a)) (z :: c)) with (IZR x * z + dot (map IZR a) c).
    change (length (z :: c)) with (S (length c)); rewrite S_INR.
    change (largest (z :: c)) with (Rmax (Rabs z) (largest c)).
    replace (s * (v * z + dot y c) - (IZR x * z + dot (map IZR a) c))
      with ((s * v - IZR x) * z + (s * dot y c - dot (map IZR a) c)) by ring.
    assert (T := Rabs_triang ((s * v - IZR x) * z) (s * dot y c - dot (map IZR a) c)).
    rewrite Rabs_mult in T.
    assert (Hz := Rmax_l (Rabs z) (largest c)); assert (Hc := Rmax_r (Rabs z) (largest c)).
    assert (0 <= Rabs z) by apply Rabs_pos; assert (0 <= INR (length c)) by apply pos_INR.
    assert (0 <= Rabs (s * v - IZR x)) by apply Rabs_pos; nra.
Qed.

Lemma zdot_combination : forall e r A c, 0 <= e -> Forall (fun a => Rabs (zdot a c) <= e) A ->
  Rabs (zdot (combination r A) c) <= IZR (size r) * e.
Proof.
  intros e; induction r as [|x r IH]; intros A c He H.
  - simpl; unfold zdot; simpl; rewrite Rabs_R0; lra.
  - assert (0 <= IZR (size r)) by (apply IZR_le; clear; induction r; simpl; lia).
    assert (0 <= Rabs (IZR x)) by apply Rabs_pos.
    change (size (x :: r)) with (Z.abs x + size r)%Z; rewrite plus_IZR, abs_IZR.
    destruct A as [|a A].
    + simpl; unfold zdot; simpl; rewrite Rabs_R0; nra.
    + inversion H as [|? ? Ha HA]; subst.
      change (combination (x :: r) (a :: A)) with (add (scale x a) (combination r A)).
      rewrite zdot_add, zdot_scale.
      assert (T := Rabs_triang (IZR x * zdot a c) (zdot (combination r A) c)).
      rewrite Rabs_mult in T; specialize (IH A c He HA); nra.
Qed.

Lemma largest_attained : forall c, c <> [] -> exists i, (i < length c)%nat /\ Rabs (nth i c 0) = largest c.
Proof.
  induction c as [|z c IH]; intros H; [now destruct H|].
  change (largest (z :: c)) with (Rmax (Rabs z) (largest c)).
  destruct (Rle_dec (largest c) (Rabs z)) as [L|L].
  - exists O; simpl; split; [lia | now rewrite Rmax_left].
  - destruct c as [|y c].
    + exfalso; apply L; simpl; apply Rabs_pos.
    + destruct IH as [i [Hi E]]; [discriminate|].
      exists (S i); split; [simpl in *; lia|].
      change (nth (S i) (z :: y :: c) 0) with (nth i (y :: c) 0); rewrite E, Rmax_right; lra.
Qed.

Lemma largest_bounds : forall c, Forall (fun z => Rabs z <= largest c) c.
Proof.
  induction c as [|z c IH]; constructor; simpl; [apply Rmax_l|].
  apply Forall_impl with (2 := IH); intros a Ha.
  exact (Rle_trans _ _ _ Ha (Rmax_r _ _)).
Qed.

Lemma all_dominant_nth : forall u n A L j i, all_dominant u n A j L = true -> (i < length L)%nat ->
  dominant u n A (j + i) (nth i L []) = true.
Proof.
  intros u n A; induction L as [|r L IH]; intros j i H Hi; simpl in *; [lia|].
  apply andb_prop in H; destruct H as [H1 H2]; destruct i as [|i].
  - now rewrite Nat.add_0_r.
  - rewrite <- Nat.add_succ_comm; apply IH; [exact H2 | lia].
Qed.

(* If u I - L J is small for the rows J near A, and J c = 0, then c = 0: the columns of J are independent. *)
Lemma dominance_gives_injectivity : forall s u A L J c,
  Forall2 (near s) J A -> Forall (fun y => dot y c = 0) J ->
  length L = length c -> all_dominant u (Z.of_nat (length c)) A 0 L = true ->
  Forall (fun z => z = 0) c.
Proof.
  intros s u A L J c HJ Hc HL HD.
  set (m := largest c).
  assert (Hm : 0 <= m) by apply largest_nonneg.
  assert (HA : Forall (fun a => Rabs (zdot a c) <= INR (length c) * m) A).
  { clear HL HD; revert Hc; induction HJ as [|y a J' A' Hya HJ' IH]; intros Hc; constructor.
    - inversion Hc as [|? ? Hy Hc']; subst.
      assert (B := near_dot s y a c Hya); rewrite Hy, Rmult_0_r in B.
      rewrite Rminus_0_l, Rabs_Ropp in B; exact B.
    - apply IH; now inversion Hc. }
  assert (Z0 : m = 0).
  { destruct c as [|z c']; [reflexivity|].
    destruct (largest_attained (z :: c')) as [i [Hi E]]; [discriminate|].
    fold m in E; remember (z :: c') as c eqn:Ec; clear Ec.
    assert (D := all_dominant_nth _ _ _ _ 0 i HD (eq_ind_r (fun k => (i < k)%nat) Hi HL)).
    change (0 + i)%nat with i in D.
    set (r := nth i L []) in D; unfold dominant in D; apply Z.ltb_lt, IZR_lt in D.
    set (rest := add (unit_row i u) (scale (-1) (combination r A))) in D.
    rewrite plus_IZR, mult_IZR, <- INR_IZR_INZ in D.
    assert (B1 := zdot_bound rest c); fold m in B1.
    assert (B2 : Rabs (zdot (combination r A) c) <= IZR (size r) * (INR (length c) * m)).
    { apply zdot_combination; [apply Rmult_le_pos; [apply pos_INR | exact Hm] | exact HA]. }
    assert (S0 : IZR u * nth i c 0 = zdot rest c + zdot (combination r A) c).
    { unfold rest; rewrite zdot_add, zdot_scale, zdot_unit; ring. }
    assert (0 <= IZR (size rest)) by (apply IZR_le; clear; induction rest; simpl; lia).
    assert (0 <= IZR (size r)) by (apply IZR_le; clear; induction r; simpl; lia).
    assert (T := Rabs_triang (zdot rest c) (zdot (combination r A) c)).
    rewrite <- S0, Rabs_mult, E in T.
    assert (0 <= INR (length c)) by apply pos_INR.
    assert (0 <= IZR u) by nra.
    rewrite (Rabs_pos_eq (IZR u)) in T by assumption.
    destruct (Rle_lt_or_eq_dec 0 m Hm) as [P|P]; [exfalso; nra | now symmetry]. }
  apply Forall_impl with (2 := largest_bounds c); fold m; rewrite Z0; intros z Hz.
  apply Rabs_eq_0; apply Rle_antisym; [exact Hz | apply Rabs_pos].
Qed.

(* Enclosures are cheaper where the argument occurs once. *)
Lemma tanh_exp : forall z, tanh z = 1 - 2 / (exp (2 * z) + 1).
Proof.
  intros z; unfold tanh, sinh, cosh.
  assert (P := exp_pos z); rewrite exp_Ropp.
  replace (2 * z) with (z + z) by ring; rewrite exp_plus.
  field; repeat split; nra.
Qed.
