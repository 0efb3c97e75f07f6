(* Independence of tanh neurons on R^d.

   docs/theory/two-layer-tanh.md (Independence of tanh neurons).  Let z_i = w_i . x + b_i with w_i <> 0 and
   (w_i, b_i) <> +-(w_j, b_j) for i <> j.  Then the functions
     tanh z_i,   sech^2 z_i,   x_l sech^2 z_i,   1,   x_l
   on R^d are linearly independent over the reals.

   Proof.  Choose a direction u such that w_i . u <> 0 for all i, and w_i . u <> +-(w_j . u) unless w_i = +-w_j.
   On the line x = t u + v the neurons are tanh(s_i t + b'_i) with (s_i, b'_i) distinct up to sign, and the
   theorem on a line (TwoLayerTanhLine.v) applies.  It gives the coefficients as functions of v, for all v. *)

From Coq Require Import Reals Lra Classical.
From mathcomp Require Import ssreflect ssrfun ssrbool eqtype ssrnat seq choice fintype bigop.
From LLR Require Import RealSpans Independence TwoLayerTanhLine.

Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.

Local Open Scope R_scope.

(* Signs: true is 1 and false is -1. *)
Definition sign (e : bool) : R := if e then 1 else -1.

Lemma sign_square e : sign e * sign e = 1. Proof. by case: e => /=; ring. Qed.

Lemma tanh_sign e z : tanh z = sign e * tanh (sign e * z).
Proof.
case: e => /=; first by rewrite !Rmult_1_l.
by have -> : -1 * z = - z by [ring]; rewrite tanh_opp; ring.
Qed.

Lemma sech2_sign e z : sech2 (sign e * z) = sech2 z.
Proof.
case: e => /=; first by rewrite Rmult_1_l.
by have -> : -1 * z = - z by [ring]; rewrite sech2_opp.
Qed.

Section Neurons.

Variable d : nat.

(* A neuron is a map W from {1, ..., d} and one further index None to the reals: the weights W (Some l) and the
   bias W None.  So a bias is the weight of a further input with the value 1, and z = W . (1, x). *)
Definition input (x : 'I_d -> R) (l : option 'I_d) : R := if l is Some j then x j else 1.
Definition argument (W : option 'I_d -> R) (x : 'I_d -> R) : R := \Sum_l (W l * input x l).

Definition dot (v u : 'I_d -> R) : R := \Sum_j (v j * u j).

Lemma argumentE W x : argument W x = W None + dot (fun j => W (Some j)) x.
Proof. by rewrite /argument Sum_option /=; congr (_ + _); ring. Qed.

Lemma dot_combination w u v t : dot w (fun j => t * u j + v j) = t * dot w u + dot w v.
Proof. by rewrite /dot Sum_mull -Sum_add; apply: eq_bigr => j _; ring. Qed.

Lemma dot_scale w a u : dot (fun j => a * w j) u = a * dot w u.
Proof. by rewrite /dot Sum_mull; apply: eq_bigr => j _; ring. Qed.

Lemma argument_line W u v t :
  argument W (fun j => t * u j + v j) = argument W v + dot (fun j => W (Some j)) u * t.
Proof. by rewrite !argumentE dot_combination; ring. Qed.

Lemma argument_scale W a x : argument (fun l => a * W l) x = a * argument W x.
Proof. by rewrite /argument Sum_mull; apply: eq_bigr => l _; ring. Qed.

Lemma argument_zero W : (forall x, argument W x = 0) -> forall l, W l = 0.
Proof.
move=> zero; have none : W None = 0.
  have := zero (fun _ => 0); rewrite argumentE /dot big1 => [|j _]; last by ring.
  by rewrite Rplus_0_r.
case=> [j|//]; have := zero (delta j); rewrite argumentE none Rplus_0_l => <-.
by rewrite /dot -(Sum_delta j (fun k => W (Some k))); apply: eq_bigr => k _; rewrite Rmult_comm.
Qed.

(* ---- Directions ---- *)

Lemma small_step (Q : eqType) (s : seq Q) (a b : Q -> R) : exists2 e, 0 < e &
  forall e', 0 < e' <= e -> forall q, q \in s -> a q <> 0 -> a q + e' * b q <> 0.
Proof.
elim: s => [|q s [e e_pos IH]]; first by exists 1; [lra|].
have babs := Rabs_pos (b q); have babs1 : 0 < Rabs (b q) + 1 by lra.
case: (Req_dec (a q) 0) => [a0|nz].
  by exists e => // e' small p; rewrite in_cons => /orP [/eqP -> //|ps]; apply: IH.
have aabs := Rabs_pos_lt _ nz.
have f_pos : 0 < Rabs (a q) / (Rabs (b q) + 1) by apply: Rdiv_lt_0_compat.
exists (Rmin e (Rabs (a q) / (Rabs (b q) + 1))); first exact: Rmin_pos.
move=> e' [e'_pos small] p; rewrite in_cons => /orP [/eqP -> _|ps]; last first.
  by apply: IH => //; split=> //; apply: Rle_trans small (Rmin_l _ _).
move=> eq; have abs : Rabs (a q) = e' * Rabs (b q).
  rewrite -[X in _ = X * _](Rabs_pos_eq e'); last lra.
  by rewrite -Rabs_mult -Rabs_Ropp; congr Rabs; lra.
have le : e' * (Rabs (b q) + 1) <= Rabs (a q).
  have := Rle_trans _ _ _ small (Rmin_r _ _) => le.
  have := Rmult_le_compat_r _ _ _ (Rlt_le _ _ babs1) le.
  by rewrite /Rdiv Rmult_assoc Rinv_l; lra.
by rewrite Rmult_plus_distr_l -abs in le; lra.
Qed.

(* Finitely many hyperplanes do not cover R^d: some u is orthogonal to none of the vectors v q that are not
   zero. *)
Lemma generic_direction (Q : finType) (v : Q -> 'I_d -> R) :
  exists u, forall q, (exists j, v q j <> 0) -> dot (v q) u <> 0.
Proof.
suff [u good] : exists u, forall q, q \in enum Q -> (exists j, v q j <> 0) -> dot (v q) u <> 0.
  by exists u => q; apply: good; rewrite mem_enum.
elim: (enum Q) => [|q s [u good]]; first by exists (fun _ => 0).
case: (classic (dot (v q) u = 0)) => [zero|nz]; last first.
  by exists u => p; rewrite in_cons => /orP [/eqP -> //|]; apply: good.
have [e e_pos step] := small_step s (fun p => dot (v p) u) (fun p => dot (v p) (v q)).
exists (fun j => e * v q j + u j) => p; rewrite in_cons => ps nz; rewrite dot_combination.
case/orP: ps nz => [/eqP -> [j nz]|ps nz]; last first.
  by rewrite Rplus_comm; apply: (step e) => //; [lra | apply: good].
have pos : 0 < dot (v q) (v q).
  rewrite /dot (bigD1 j) //=.
  have sq : 0 < v q j * v q j by have := Rsqr_pos_lt _ nz.
  apply: Rplus_lt_le_0_compat => //.
  by elim/big_ind: _ => [|x y|i _]; [lra | lra | have := Rle_0_sqr (v q i)].
by rewrite zero Rplus_0_r; have := Rmult_lt_0_compat _ _ e_pos pos; lra.
Qed.

(* ---- The theorem ---- *)

Section Independence.

Variables (I : finType) (W : I -> option 'I_d -> R).

Definition nonzero_weights (V : option 'I_d -> R) := exists j, V (Some j) <> 0.
Definition equal_up_to_sign (V V' : option 'I_d -> R) := exists e, forall l, V l = sign e * V' l.

Hypothesis nonzero : forall i, nonzero_weights (W i).
Hypothesis distinct : forall i j, i != j -> ~ equal_up_to_sign (W i) (W j).

(* The functions: inl i is tanh z_i; inr (Some i, l) is x_l sech^2 z_i, with x_None = 1; inr (None, l) is x_l. *)
Definition atom_index := (I + option I * option 'I_d)%type.
Definition atom (k : atom_index) (x : 'I_d -> R) : R := match k with
  | inl i => tanh (argument (W i) x)
  | inr (Some i, l) => input x l * sech2 (argument (W i) x)
  | inr (None, l) => input x l
  end.

Lemma lin_atoms (a : atom_index -> R) x : lin a (atom : [finType of atom_index] -> _) x =
  (\Sum_i (a (inl i) * tanh (argument (W i) x)
           + argument (fun l => a (inr (Some i, l))) x * sech2 (argument (W i) x)))
  + argument (fun l => a (inr (None, l))) x.
Proof.
rewrite /lin big_sumType Sum_pair Sum_option /= Sum_add Rplus_assoc; congr (_ + _).
rewrite Rplus_comm; congr (_ + _); apply: eq_bigr => i _.
by rewrite /argument Rmult_comm Sum_mull; apply: eq_bigr => l _; ring.
Qed.

Theorem tanh_independent : independent (atom : [finType of atom_index] -> _).
Proof.
move=> a relation.
pose w i j := W i (Some j).
pose vector (q : I + bool * (I * I)) : 'I_d -> R := match q with
  | inl i => w i | inr (e, (i, j)) => fun l => w i l - sign e * w j l end.
have [u generic] := generic_direction vector.
have slope0 i : dot (w i) u <> 0 by apply: (generic (inl i)); apply: nonzero.
have separated e i j : dot (w i) u = sign e * dot (w j) u -> forall l, w i l = sign e * w j l.
  move=> eq l; apply: NNPP => ne; apply: (generic (inr (e, (i, j)))); first by exists l => /=; lra.
  rewrite /vector /dot; transitivity (dot (w i) u - sign e * dot (w j) u); last lra.
  rewrite /dot Sum_mull; have -> : forall x y : R, x - y = x + (-1) * y by move=> *; ring.
  by rewrite Sum_mull -Sum_add; apply: eq_bigr => k _; ring.
pose e i : bool := if Rlt_dec 0 (dot (w i) u) then true else false.
have slope_pos i : 0 < sign (e i) * dot (w i) u.
  by rewrite /e; have := slope0 i; case: Rlt_dec => /= ? ?; lra.
have line v : (forall i, vanishing (fun i => sign (e i) * a (inl i))
    (fun i => argument (fun l => a (inr (Some i, l))) v)
    (fun i => dot (fun j => a (inr (Some i, Some j))) u) i)
  /\ argument (fun l => a (inr (None, l))) v = 0 /\ dot (fun j => a (inr (None, Some j))) u = 0.
  apply: (tanh_independent_line slope_pos (b := fun i => sign (e i) * argument (W i) v)) => [i j ij [eq_s eq_b]|t].
    apply: (distinct ij); exists (e i == e j).
    have cancel (x y : R) : sign (e i) * x = sign (e j) * y -> x = sign (e i == e j) * y.
      by case: (e i); case: (e j) => /= eq; lra.
    have eq_w := separated _ _ _ (cancel _ _ eq_s).
    case=> [l|]; first exact: eq_w.
    have := cancel _ _ eq_b; rewrite !argumentE.
    have -> : dot (fun j => W i (Some j)) v = sign (e i == e j) * dot (w j) v.
      by rewrite -dot_scale; apply: eq_bigr => l _; congr (_ * _); apply: eq_w.
    by rewrite Rmult_plus_distr_l /w; lra.
  rewrite -[RHS](relation (fun j => t * u j + v j)) lin_atoms argument_line; congr (_ + _).
  apply: eq_bigr => i _; rewrite /neuron_part !argument_line.
  set z := argument (W i) v + _ * t.
  have -> : sign (e i) * dot (w i) u * t + sign (e i) * argument (W i) v = sign (e i) * z by rewrite /z /w; ring.
  rewrite sech2_sign (tanh_sign (e i) z); congr (_ + _).
  by rewrite -[RHS]Rmult_assoc [X in X * _ = _]Rmult_comm.
case=> [i|[[i|] l]].
- have [+ _ _] := (line (fun _ => 0)).1 i.
  by case/Rmult_integral => //; case: (e i) => /=; lra.
- by apply: (@argument_zero (fun l => a (inr (Some i, l)))) => v; have [_ + _] := (line v).1 i.
- by apply: (@argument_zero (fun l => a (inr (None, l)))) => v; have [_ []] := line v.
Qed.

End Independence.

End Neurons.
