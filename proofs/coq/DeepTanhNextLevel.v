(* The neurons of a layer over a level form a level again.

   docs/theory/deep-tanh.md (Independence of deep neurons), steps 0 and 3, with another proof of step 3: no unique
   factorisation, no Newton polytopes.

     next_level:  let (K, h) be a level and z_i = w_i . h + b_i with w_i <> 0, distinct up to sign.  Then the neurons
     tanh z_i form a level over the ring of all F(t, h(t)), F an expression (DeepTanhLayer.v).

   Proof.  By exponentials_from_derivatives (DeepTanhTower.v) one has to exclude that e^u with u = sum v_i tanh z_i,
   v <> 0, is a constant times a quotient F/G of elements of that ring.  Its derivative is an identity between
   expressions, so it holds with s + h(t) in the place of h(t), for every s in R^m.  So, as long as
   F(t, s + h(t)) <> 0, the quotient G e^u / F at (t, s + h(t)) does not depend on t.  Compare two times t0, t1 near
   each other, where all z_i differ, and let s move on a line: e^(u(s + h(t1)) - u(s + h(t0))) is a quotient of
   exponential sums of one variable.  The exponent is a sum of tanh neurons of that variable; the one with the
   greatest slope, and among these with the greatest shift, has a pole that no other has.  DeepTanhPoles.v excludes
   this. *)

From Coq Require Import Reals Lra Classical FunctionalExtensionality List.
From mathcomp Require Import ssreflect ssrfun ssrbool eqtype ssrnat seq choice fintype bigop.
From Coquelicot Require Import Coquelicot.
From LLR Require Import RealSpans Independence IndependenceExponentials TwoLayerTanhLine TwoLayerTanhIndependence.
From LLR Require Import TwoLayerTanhRank ExponentialSums DeepTanhPoles DeepTanhTower DeepTanhLayer.

Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.

Local Open Scope R_scope.

(* ---- General facts ---- *)

(* A finite set with a strict order has a greatest element among those with the property P. *)
Lemma greatest (Q : finType) (P : Q -> Prop) (lt : Q -> Q -> Prop) :
  (forall q, ~ lt q q) -> (forall p q r, lt p q -> lt q r -> lt p r) -> (exists q, P q) ->
  exists2 k, P k & forall q, P q -> ~ lt k q.
Proof.
move=> irreflexive transitive [q0 Pq0].
suff [k Pk best] : exists2 k, P k & forall q, q \in enum Q -> P q -> ~ lt k q.
  by exists k => // q; apply: best; rewrite mem_enum.
elim: (enum Q) => [|x s [k Pk best]]; first by exists q0.
case: (classic (P x /\ lt k x)) => [[Px kx]|not_better]; last first.
  by exists k => // q; rewrite in_cons => /orP [/eqP -> Px kx|]; [apply: not_better | apply: best].
exists x => // q; rewrite in_cons => /orP [/eqP -> _|qs Pq xq]; first exact: irreflexive.
by apply: (best q qs Pq); apply: transitive xq.
Qed.

(* A function that is continuous and not zero at t0 is not zero near t0; the same for two variables. *)
Lemma nonzero_near (f : R -> R) t0 : continuous f t0 -> f t0 <> 0 ->
  exists2 e, 0 < e & near t0 e (fun t => f t <> 0).
Proof.
move=> cf nz; have [e He] := cf (fun y => y <> 0) (open_neq 0 (f t0) nz).
by exists (pos e); [apply: cond_pos | move=> t te; apply: He].
Qed.

Lemma nonzero_near2 (f : R * R -> R) t0 s0 : continuous f (t0, s0) -> f (t0, s0) <> 0 ->
  exists2 e, 0 < e & near t0 e (fun t => near s0 e (fun s => f (t, s) <> 0)).
Proof.
move=> cf nz; have [e He] := cf (fun y => y <> 0) (open_neq 0 (f (t0, s0)) nz).
by exists (pos e); [apply: cond_pos | move=> t te s se; apply: He; split].
Qed.

Lemma near_smaller t0 e t1 e1 P : e1 <= e - Rabs (t1 - t0) -> near t0 e P -> near t1 e1 P.
Proof.
move=> small all t te; apply: all; have := Rabs_triang (t - t1) (t1 - t0).
have -> : t - t1 + (t1 - t0) = t - t0 by ring.
by lra.
Qed.

Lemma constant_near (f : R -> R) t0 e : near t0 e (fun t => is_derive f t 0) -> near t0 e (fun t => f t = f t0).
Proof.
move=> df t te.
have between u : Rmin t t0 <= u <= Rmax t t0 -> Rabs (u - t0) < e.
  move: te; rewrite /Rmin /Rmax; case: Rle_dec => tt0; rewrite /Rabs; do 2 case: Rcase_abs; lra.
case: (Rtotal_order t t0) => [lt|[->//|lt]].
  by apply: (eq_is_derive f t t0) => // u ut; apply: df; apply: between; rewrite Rmin_left ?Rmax_right; lra.
by symmetry; apply: (eq_is_derive f t0 t) => // u ut; apply: df; apply: between; rewrite Rmin_right ?Rmax_left; lra.
Qed.

Section NextLevel.

Variables (m n : nat) (K : (R -> R) -> Prop) (h : R -> 'I_m -> R) (W : 'I_n -> option 'I_m -> R).

Hypothesis lev : level K h.
Hypothesis nonzero : forall i, nonzero_weights (W i).
Hypothesis distinct : forall i j, i != j -> ~ equal_up_to_sign (W i) (W j).

Let ringK := level_ring lev.
Let hd := level_derivable lev.
Let weights i : 'I_m -> R := fun j => W i (Some j).

(* ---- A place where all arguments of the layer have changed ---- *)

Lemma arguments_move t0 e : 0 < e -> exists2 t1, Rabs (t1 - t0) < e &
  forall i, dot (weights i) (h t1) <> dot (weights i) (h t0).
Proof.
move=> e_pos.
suff [t1 [e1 [e1_pos inside moved]]] : exists t1 e1, [/\ 0 < e1, Rabs (t1 - t0) < e &
    forall i, i \in enum 'I_n -> near t1 e1 (fun t => dot (weights i) (h t) <> dot (weights i) (h t0))].
  by exists t1 => // i; apply: (near_center e1_pos (moved i _)); rewrite mem_enum.
elim: (enum 'I_n) => [|i s [t1 [e1 [e1_pos inside moved]]]].
  by exists t0, e; split=> //; rewrite Rminus_diag_eq // Rabs_R0.
pose e' := Rmin e1 (e - Rabs (t1 - t0)).
have e'_pos : 0 < e' by apply: Rmin_pos; lra.
have [t2 t2e' nz] : exists2 t2, Rabs (t2 - t1) < e' & dot (weights i) (h t2) - dot (weights i) (h t0) <> 0.
  apply: NNPP => none; have [j nz] := nonzero i.
  pose c := exp (dot (weights i) (h t0)).
  have all : near t1 e' (fun t => sum [:: (fun _ => 1, weights i); (fun _ => - c, fun _ => 0)] t (h t) = 0).
    move=> t te; have eq : dot (weights i) (h t) = dot (weights i) (h t0).
      by apply: NNPP => ne; apply: none; exists t => //; lra.
    by rewrite /= dot_zero exp_0 eq /c; ring.
  have coefficients : coefficients_in K [:: (fun _ => 1, weights i); (fun _ => - c, fun _ => 0)].
    by do 2 (constructor; first exact: (const_in ringK)); constructor.
  have [|/(_ 0) /= one0 _] := proj1 (Forall_cons_iff _ _ _) (level_independent lev e'_pos coefficients _ all).
    constructor; last by constructor; [case | constructor].
    by case=> // eq; apply: nz; exact: (esym (f_equal (fun v => v j) eq)).
  by lra.
have moving : continuous (fun t => dot (weights i) (h t) - dot (weights i) (h t0)) t2.
  apply: ex_derive_continuous; eexists; apply: is_derive_minus; first exact: dot_derivative0.
  exact: is_derive_const.
have [e2 e2_pos moved2] := nonzero_near moving nz.
have e'1 : e' <= e1 by apply: Rmin_l.
have e'2 : e' <= e - Rabs (t1 - t0) by apply: Rmin_r.
exists t2, (Rmin e2 (e' - Rabs (t2 - t1))); split.
- by apply: Rmin_pos; lra.
- by have := near_smaller (P := fun t => Rabs (t - t0) < e) e'2 (fun t te => te) t2e'.
move=> k; rewrite in_cons => /orP [/eqP -> {k}|ks].
  by move=> t te eq; apply: (moved2 t (Rlt_le_trans _ _ _ te (Rmin_l _ _))); lra.
apply: near_smaller (moved k ks).
by apply: Rle_trans (Rmin_r _ _) _; lra.
Qed.

(* ---- Expressions along lines are exponential sums of one variable ---- *)

Definition along (l : seq ((R -> R) * ('I_m -> R))) (u : 'I_m -> R) (t : R) : esum :=
  [seq (p.1 t * exp (dot p.2 (h t)), dot p.2 u) | p <- l].

Lemma alongE l u t s : sum l t (fun j => s * u j + h t j) = value (along l u t) s.
Proof.
elim: l => //= p l; rewrite /sum /value /= => ->; congr (_ + _).
by rewrite dot_combination Rplus_comm exp_plus (Rmult_comm s); ring.
Qed.

Lemma is_sum_along F u t : is_sum K F -> exists A : esum, forall s, F t (fun j => s * u j + h t j) = value A s.
Proof. by move=> [l _ eq]; exists (along l u t) => s; rewrite eq alongE. Qed.

Lemma expression_along F u t : expression K W F -> exists M A : esum,
  (forall s, 0 < value M s) /\ forall s, value M s * F t (fun j => s * u j + h t j) = value A s.
Proof.
move=> /(expression_quotient lev) [M [M_pos M_sum MF]].
have [lM lME] := is_sum_along u t M_sum; have [lA lAE] := is_sum_along u t MF.
by exists lM, lA; split=> s; rewrite -lME // -lAE.
Qed.

(* ---- No exponential of the neurons is a quotient ---- *)

Section NoQuotient.

Variables (v : 'I_n -> R) (F G : R -> ('I_m -> R) -> R).

Hypothesis v_nonzero : exists i, v i <> 0.
Hypotheses (eF : expression K W F) (eG : expression K W G).

(* The combination of the neurons as a function of y, and its derivative along the curve. *)
Definition exponent (y : 'I_m -> R) : R := \Sum_i (v i * tanh (argument (W i) y)).
Definition exponent_velocity (t : R) (y : 'I_m -> R) : R :=
  \Sum_i (v i * (dot (weights i) (velocity h t) * sech2 (argument (W i) y))).

Lemma exponent_derivative (s : 'I_m -> R) t :
  is_derive (fun t => exponent (fun j => s j + h t j)) t (exponent_velocity t (fun j => s j + h t j)).
Proof.
apply: is_derive_Sum => i; apply: is_derive_scal.
exact: (is_derive_comp tanh _ t _ _ (TwoLayerTanhLine.tanh_derivative _) (neuron_derivative W lev i s t)).
Qed.

Lemma expression_exponent_velocity : expression K W exponent_velocity.
Proof.
apply: (expression_sum lev) => i; apply: (expression_mul (expression_const W lev (v i))).
apply: (expression_mul (expression_velocity W lev _)).
have -> : (fun (_ : R) y => sech2 (argument (W i) y)) =
    fun _ y => 1 + -1 * (tanh (argument (W i) y) * tanh (argument (W i) y)).
  by apply: functional_extensionality => _; apply: functional_extensionality => y; rewrite /sech2; ring.
apply: (expression_add (expression_const W lev 1)); apply: (expression_mul (expression_const W lev (-1))).
exact: (expression_mul (expression_tanh K W i) (expression_tanh K W i)).
Qed.

(* If F and G have at y = h(t) the derivative relation of G = constant F e^(-exponent), then so they have at all
   shifts of h(t); hence G e^exponent / F is constant in t. *)
Lemma shifted_quotient dF dG t0 t1 e (s : 'I_m -> R) : expression K W dF -> expression K W dG ->
  (forall (s : 'I_m -> R) t, is_derive (fun t => F t (fun j => s j + h t j)) t (dF t (fun j => s j + h t j))) ->
  (forall (s : 'I_m -> R) t, is_derive (fun t => G t (fun j => s j + h t j)) t (dG t (fun j => s j + h t j))) ->
  (forall t, F t (h t) * dG t (h t) - dF t (h t) * G t (h t)
     + exponent_velocity t (h t) * (F t (h t) * G t (h t)) = 0) ->
  near t0 e (fun t => F t (fun j => s j + h t j) <> 0) -> Rabs (t1 - t0) < e ->
  G t1 (fun j => s j + h t1 j) * exp (exponent (fun j => s j + h t1 j)) * F t0 (fun j => s j + h t0 j) =
  G t0 (fun j => s j + h t0 j) * exp (exponent (fun j => s j + h t0 j)) * F t1 (fun j => s j + h t1 j).
Proof.
move=> edF edG hdF hdG relation F_nz t1e.
pose Wr t y := F t y * dG t y + -1 * (dF t y * G t y) + exponent_velocity t y * (F t y * G t y).
have Wr0 t y : Wr t y = 0.
  have eW : expression K W Wr.
    apply: expression_add; last by apply: expression_mul expression_exponent_velocity _; apply: expression_mul.
    apply: expression_add; first exact: expression_mul.
    by apply: (expression_mul (expression_const W lev (-1))); apply: expression_mul.
  apply: (expression_separation lev eW Rlt_0_1 (t0 := 0)) => u _.
  by rewrite -[RHS](relation u) /Wr; ring.
pose q t := G t (fun j => s j + h t j) * exp (exponent (fun j => s j + h t j)) / F t (fun j => s j + h t j).
have dq : near t0 e (fun t => is_derive q t 0).
  move=> t te; have nz := F_nz t te.
  have dE := is_derive_comp exp _ t _ _ (is_derive_exp _) (exponent_derivative s t).
  have dGE := is_derive_mult _ _ t _ _ (hdG s t) dE Rmult_comm.
  apply: (is_derive_eq (is_derive_div _ _ t _ _ dGE (hdF s t) nz)).
  rewrite /plus /mult /scal /= /mult /=.
  have := Wr0 t (fun j => s j + h t j); rewrite /Wr.
  set f := F t _ in nz *; set g := G t _; set df := dF t _; set dg := dG t _; set E := exp _.
  set ve := exponent_velocity t _.
  move=> w; have -> : 0 = E * (f * dg + -1 * (df * g) + ve * (f * g)) / f ^ 2 by rewrite w /Rdiv; ring.
  by field.
have := constant_near dq t1e; rewrite /q => eq.
have nz1 := F_nz t1 t1e.
have nz0 : F t0 (fun j => s j + h t0 j) <> 0.
  by apply: F_nz; rewrite Rminus_diag_eq // Rabs_R0; have := Rabs_pos (t1 - t0); lra.
move: eq; set f1 := F t1 _ in nz1 *; set f0 := F t0 _ in nz0 *.
set g1 := G t1 _ * _; set g0 := G t0 _ * _ => eq.
have -> : g1 = g0 / f0 * f1 by rewrite -eq; field.
by field.
Qed.

(* The signs of the neurons along a direction u: with them all slopes are positive. *)
Lemma good_direction : exists (u : 'I_m -> R) (e : 'I_n -> bool), (forall i, 0 < sign (e i) * dot (weights i) u) /\
  forall i j, sign (e i) * dot (weights i) u = sign (e j) * dot (weights j) u ->
    forall l, sign (e i) * weights i l = sign (e j) * weights j l.
Proof.
pose vector (q : 'I_n + bool * ('I_n * 'I_n)) : 'I_m -> R := match q with
  | inl i => weights i | inr (e, (i, j)) => fun l => weights i l - sign e * weights j l end.
have [u generic] := generic_direction vector.
have slope0 i : dot (weights i) u <> 0 by apply: (generic (inl i)); apply: nonzero.
exists u, (fun i => if Rlt_dec 0 (dot (weights i) u) then true else false); split=> [i|i j].
  by have := slope0 i; case: Rlt_dec => /= ? ?; lra.
set ei := if _ then true else false; set ej := if _ then true else false => eq l.
have {}eq : dot (weights i) u = sign (ei == ej) * dot (weights j) u.
  by move: eq; case: ei; case: ej => /= ?; lra.
suff : weights i l = sign (ei == ej) * weights j l by case: ei {eq}; case: ej => /= ->; lra.
apply: NNPP => ne; apply: (generic (inr (ei == ej, (i, j)))); first by exists l => /=; lra.
rewrite /vector /dot; transitivity (dot (weights i) u - sign (ei == ej) * dot (weights j) u); last lra.
rewrite /dot Sum_mull; have -> : forall x y : R, x - y = x + (-1) * y by move=> *; ring.
by rewrite Sum_mull -Sum_add; apply: eq_bigr => k _; ring.
Qed.

(* The exponent at two places t1 and t0, along a line in y: a sum of tanh neurons of one variable s. *)
Lemma exponent_line (u : 'I_m -> R) (e : 'I_n -> bool) t s : exponent (fun j => s * u j + h t j) =
  \Sum_i (v i * sign (e i) * tanh (sign (e i) * dot (weights i) u * s + sign (e i) * argument (W i) (h t))).
Proof.
apply: eq_bigr => i _; rewrite argument_line (tanh_sign (e i)) Rmult_assoc; congr (_ * (_ * tanh _)).
by rewrite /weights; ring.
Qed.

Lemma exponential_is_no_quotient dF dG t0 : expression K W dF -> expression K W dG ->
  (forall (s : 'I_m -> R) t, is_derive (fun t => F t (fun j => s j + h t j)) t (dF t (fun j => s j + h t j))) ->
  (forall (s : 'I_m -> R) t, is_derive (fun t => G t (fun j => s j + h t j)) t (dG t (fun j => s j + h t j))) ->
  (forall t, F t (h t) * dG t (h t) - dF t (h t) * G t (h t)
     + exponent_velocity t (h t) * (F t (h t) * G t (h t)) = 0) ->
  F t0 (h t0) <> 0 -> G t0 (h t0) <> 0 -> False.
Proof.
move=> edF edG hdF hdG relation F0 G0.
have [u [sgn [slope_pos slope_eq]]] := good_direction.
have at_0 (H : R -> ('I_m -> R) -> R) t : H t (fun j => 0 * u j + h t j) = H t (h t).
  by congr (H t _); apply: functional_extensionality => j; ring.
have [eF1 eF1_pos F_nz] := nonzero_near2 (s0 := 0) (expression_continuous lev (u := u) (z := (t0, 0)) eF)
  (ltac:(by rewrite /= at_0)).
have [eG1 eG1_pos G_nz] := nonzero_near2 (s0 := 0) (expression_continuous lev (u := u) (z := (t0, 0)) eG)
  (ltac:(by rewrite /= at_0)).
pose e := Rmin eF1 eG1; have e_pos : 0 < e by apply: Rmin_pos.
have eF' : e <= eF1 by apply: Rmin_l.
have eG' : e <= eG1 by apply: Rmin_r.
have [t1 t1e moved] := arguments_move t0 e_pos.
have center : Rabs (t0 - t0) < e by rewrite Rminus_diag_eq // Rabs_R0.
(* The neurons of one variable: neuron i at t1 (true) and at t0 (false), with their coefficients. *)
pose time (b : bool) := if b then t1 else t0.
pose c (q : bool * 'I_n) := sign q.1 * (v q.2 * sign (sgn q.2)).
pose slope (q : bool * 'I_n) := sign (sgn q.2) * dot (weights q.2) u.
pose shift (q : bool * 'I_n) := sign (sgn q.2) * argument (W q.2) (h (time q.1)).
pose S (P : pred (bool * 'I_n)) s := \Sum_(q | P q) (c q * tanh (slope q * s + shift q)).
have TE s : S predT s = exponent (fun j => s * u j + h t1 j) - exponent (fun j => s * u j + h t0 j).
  rewrite /S Sum_pair big_bool /= !(exponent_line u sgn) /c /slope /shift /=.
  rewrite /Rminus; congr (_ + _); first by apply: eq_bigr => i _; ring.
  by rewrite -[RHS]Rmult_1_l -Ropp_mult_distr_r Ropp_mult_distr_l Sum_mull; apply: eq_bigr => i _; ring.
(* The identity of exponential sums. *)
have [MF0 [AF0 [MF0_pos AF0E]]] := expression_along u t0 eF.
have [MF1 [AF1 [MF1_pos AF1E]]] := expression_along u t1 eF.
have [MG0 [AG0 [MG0_pos AG0E]]] := expression_along u t0 eG.
have [MG1 [AG1 [MG1_pos AG1E]]] := expression_along u t1 eG.
pose B := product (product AG1 AF0) (product MF1 MG0).
pose A := product (product AG0 AF1) (product MG1 MF0).
have eqAB : near 0 e (fun s => value B s * exp (S predT s) = value A s).
  move=> s se; rewrite TE /Rminus exp_plus exp_Ropp.
  have F_line : near t0 e (fun t => F t (fun j => s * u j + h t j) <> 0).
    by move=> t te; apply: (F_nz t (Rlt_le_trans _ _ _ te eF') s (Rlt_le_trans _ _ _ se eF')).
  have := shifted_quotient (s := fun j => s * u j) edF edG hdF hdG relation F_line t1e.
  rewrite /A /B !value_product -AF0E -AF1E -AG0E -AG1E.
  have := exp_pos (exponent (fun j => s * u j + h t0 j)); set E0 := exp _; set E1 := exp _ => E0_pos eq.
  set f0 := F t0 _ in eq *; set f1 := F t1 _ in eq *; set g0 := G t0 _ in eq *; set g1 := G t1 _ in eq *.
  have -> : forall w x y z : R, w * g1 * (x * f0) * (y * z) * (E1 * / E0) = w * x * y * z * (g1 * E1 * f0) / E0.
    by move=> *; rewrite /Rdiv; ring.
  by rewrite eq; field; lra.
have B0 : value B 0 <> 0.
  have zero_near : Rabs (0 - 0) < e by rewrite Rminus_diag_eq // Rabs_R0.
  rewrite /B !value_product -AF0E -AG1E.
  have nzG := G_nz t1 (Rlt_le_trans _ _ _ t1e eG') 0 (Rlt_le_trans _ _ _ zero_near eG').
  have nzF := F_nz t0 (Rlt_le_trans _ _ _ center eF') 0 (Rlt_le_trans _ _ _ zero_near eF').
  have pos M : (forall s, 0 < value M s) -> value M 0 <> 0 by move=> M_pos; have := M_pos 0; lra.
  by do 3 (apply: Rmult_integral_contrapositive_currified; try exact: pos; try exact: nzG; try exact: nzF).
(* The neuron with the greatest slope and then the greatest shift. *)
pose lt p q := slope p < slope q \/ (slope p = slope q /\ shift p < shift q).
have [|||k ck best] := @greatest _ (fun q => c q <> 0) lt.
- by move=> q [|[_]]; lra.
- by move=> p q r [pq|[pq pq']] [qr|[qr qr']]; rewrite /lt; try (left; lra); right; split; lra.
- have [i vi] := v_nonzero; exists (true, i); rewrite /c /=; case: (sgn i) => /=; lra.
have c_other b i : c (b, i) <> 0 -> c (~~ b, i) <> 0 by rewrite /c /=; case: b => /=; lra.
have alone q : q != k -> c q <> 0 -> slope q = slope k -> shift q <> shift k.
  move=> qk cq eq_slope eq_shift.
  case: k ck best qk eq_slope eq_shift => b i ck best qk eq_slope eq_shift.
  case: q cq qk eq_slope eq_shift => b' j cq qk eq_slope eq_shift.
  have eq_w := slope_eq j i eq_slope.
  have shiftE b0 i0 : shift (b0, i0) = sign (sgn i0) * W i0 None + sign (sgn i0) * dot (weights i0) (h (time b0)).
    by rewrite /shift /= argumentE /weights; ring.
  have eq_dot y : sign (sgn j) * dot (weights j) y = sign (sgn i) * dot (weights i) y.
    by rewrite -!dot_scale; apply: eq_bigr => l _; rewrite eq_w.
  case: (altP (b' =P b)) => [eq_b|ne_b].
    have ji : j != i by move: qk; rewrite eq_b; apply: contra => /eqP ->.
    apply: (distinct ji); exists (sgn j == sgn i) => l.
    have cancel (x y : R) : sign (sgn j) * x = sign (sgn i) * y -> x = sign (sgn j == sgn i) * y.
      by case: (sgn j); case: (sgn i) => /=; lra.
    apply: cancel; case: l => [l|]; first exact: eq_w.
    by move: eq_shift; rewrite !shiftE eq_b eq_dot; lra.
  have eq_b : b' = ~~ b by move: ne_b; case: (b'); case: (b).
  subst b'.
  have up := best (~~ b, i) (c_other b i ck); have up' := best (b, j) ltac:(by rewrite -[b]negbK; apply: c_other).
  have le1 : shift (~~ b, i) <= shift (b, i) by apply: Rnot_lt_le => lt'; apply: up; right.
  have le2 : shift (b, j) <= shift (b, i) by apply: Rnot_lt_le => lt'; apply: up'; right.
  have := moved i; have := slope_pos i.
  move: le1 le2 eq_shift; rewrite !shiftE !eq_dot => le1 le2 eq_shift pos ne_dot.
  have same : sign (sgn i) * dot (weights i) (h (time (~~ b))) = sign (sgn i) * dot (weights i) (h (time b)) by lra.
  apply: ne_dot; move: same; rewrite /time; case: (b) => /=; case: (sgn i) => /=; lra.
suff : near 0 e (fun s => value B s = 0) by move/(near_center e_pos).
apply: (no_exponential_of_tanh (T := S predT) (S := S (predC1 k)) (c := c k) (s := slope k) (b := shift k)
  e_pos (slope_pos k.2) ck _ _ eqAB).
  apply: regular_sum => q qk; case: (Req_dec (c q) 0) => [-> |cq].
    have -> : (fun s => 0 * tanh (slope q * s + shift q)) = fun _ => 0.
      by apply: functional_extensionality => s; ring.
    exact: regular_const.
  apply: regular_tanh => pole0.
  have slope_le : slope q <= slope k by apply: Rnot_lt_le => lt'; apply: (best q cq); left.
  have [eq_slope eq_shift] := only_pole (conj (slope_pos q.2) slope_le) pole0.
  exact: (alone q qk cq eq_slope eq_shift).
by move=> s; rewrite /S (bigD1 k).
Qed.

End NoQuotient.

(* ---- The next level ---- *)

Lemma neurons_derivative i t : is_derive (fun t => neurons h W t i) t
  (dot (weights i) (velocity h t) * sech2 (argument (W i) (h t))).
Proof.
have shifted : forall (s : 'I_m -> R) t, is_derive (fun t => tanh (argument (W i) (fun j => s j + h t j))) t
    (dot (weights i) (velocity h t) * sech2 (argument (W i) (fun j => s j + h t j))).
  move=> s u; exact: (is_derive_comp tanh _ u _ _ (TwoLayerTanhLine.tanh_derivative _) (neuron_derivative W lev i s u)).
exact: (next_derivative (F := fun _ y => tanh (argument (W i) y))
  (dF := fun t y => dot (weights i) (velocity h t) * sech2 (argument (W i) y)) shifted t).
Qed.

Theorem next_level : level (next_ring K h W) (neurons h W).
Proof.
have ringN := next_ring_differential W lev; have quasiN := next_ring_quasi_analytic (W := W) lev.
have derN j t : ex_derive (fun t => neurons h W t j) t by eexists; apply: neurons_derivative.
have velN j : next_ring K h W (fun t => velocity (neurons h W) t j).
  exact: (derive_in ringN (neurons_in_next_ring K h W j)).
split=> //; apply: exponentials_from_derivatives => // v _ _ v_nz [F eF ->] [G eG ->] relation.
have [dF edF hdF] := expression_derivative lev eF; have [dG edG hdG] := expression_derivative lev eG.
apply: NNPP => /not_or_and [/not_all_ex_not [t1 F1] /not_all_ex_not [t2 G2]].
have cF : continuous (fun t => F t (h t)) t1.
  by apply: ex_derive_continuous; eexists; apply: (next_derivative hdF).
have [e e_pos F_near] := nonzero_near cF F1.
have [t0 t0e G0] : exists2 t0, Rabs (t0 - t1) < e & G t0 (h t0) <> 0.
  apply: NNPP => none; apply: G2; apply: (quasiN (fun t => G t (h t)) t1 e) => //; first by exists G.
  by move=> t te; apply: NNPP => ne; apply: none; exists t.
apply: (exponential_is_no_quotient v_nz eF eG edF edG hdF hdG) (F_near t0 t0e) G0 => t.
have := relation t.
rewrite (is_derive_unique _ _ _ (next_derivative hdF t)) (is_derive_unique _ _ _ (next_derivative hdG t)).
suff -> : dot v (velocity (neurons h W) t) = exponent_velocity v t (h t) by [].
by apply: eq_bigr => i _; congr (_ * _); apply: is_derive_unique; apply: neurons_derivative.
Qed.

End NextLevel.
