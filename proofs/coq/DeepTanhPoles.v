(* The exponential of a sum of tanh neurons is no quotient of exponential sums.

   docs/theory/deep-tanh.md (Independence of deep neurons), step 3.

     no_exponential_of_tanh:  let A, B be exponential sums of a real variable t and T(t) = c tanh(s t + b) + S(t),
     c <> 0, s > 0, where S has no pole at the pole p = (-b + i pi/2)/s of that neuron.  If B e^T = A on an interval,
     then B = 0 there.

   Proof.  Differentiate: A'B - AB' = T' A B.  This is an identity of exponential sums, up to denominators, so it
   holds at complex t.  At p the left side has at least the order ord A + ord B - 1; as T' has a pole of order
   exactly 2, the right side has the order ord A + ord B - 2. *)

From Coq Require Import Reals Lra Classical FunctionalExtensionality.
From mathcomp Require Import ssreflect ssrfun ssrbool eqtype ssrnat seq choice fintype bigop.
From Coquelicot Require Import Coquelicot.
From LLR Require Import RealSpans Independence IndependenceExponentials TwoLayerTanhLine ExponentialSums.

Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.

Local Open Scope R_scope.

(* ---- Functions without a pole at z ---- *)

(* The derivative of f is a quotient of exponential sums, whose denominator does not vanish at z. *)
Definition regular_at (z : C) (f : R -> R) := exists M N : esum,
  [/\ forall t, 0 < value M t, derivative z 0 M <> RtoC 0 & forall t, is_derive f t (value N t / value M t)].

Definition one : esum := [:: (1, 0)].
Lemma value_one t : value one t = 1. Proof. by rewrite /value /= Rmult_0_l exp_0; ring. Qed.

Lemma Cexp_weights z s : (re_weight z s, im_weight z s) = Cexp s z.
Proof. by rewrite /re_weight /im_weight; case: (Cexp s z). Qed.

Lemma derivative_singleton z n c s : derivative z n [:: (c, s)] = Cmult (RtoC (c * s ^ n)) (Cexp s z).
Proof. by rewrite -Cexp_weights /derivative /= /Cmult /=; congr (_, _); ring. Qed.

Lemma derivative_one z : derivative z 0 one = RtoC 1.
Proof. by rewrite derivative_singleton Cexp_0 /= Rmult_1_r Cmult_1_r. Qed.

Lemma regular_const z c : regular_at z (fun _ => c).
Proof.
exists one, [::]; split=> [t||t]; first by rewrite value_one; lra.
  by rewrite derivative_one; apply: one_neq_0.
have -> : value [::] t / value one t = 0 by rewrite /value /=; field; rewrite Rmult_0_l exp_0; lra.
exact: is_derive_const.
Qed.

Lemma regular_add z f g : regular_at z f -> regular_at z g -> regular_at z (fun t => f t + g t).
Proof.
move=> [M [N [M_pos M_nz df]]] [P [Q [P_pos P_nz dg]]].
exists (product M P), (product N P ++ product Q M); split=> [t||t].
- by rewrite value_product; apply: Rmult_lt_0_compat.
- by rewrite derivative0_product => /Cmult_integral [].
have -> : value (product N P ++ product Q M) t / value (product M P) t = value N t / value M t + value Q t / value P t.
  rewrite {1}/value total_cat -!/(value _ t) !value_product; field.
  by have := M_pos t; have := P_pos t; lra.
exact: is_derive_plus.
Qed.

Lemma regular_sum (I : finType) (P : pred I) z (f : I -> R -> R) : (forall i, P i -> regular_at z (f i)) ->
  regular_at z (fun t => \Sum_(i | P i) f i t).
Proof.
move=> all; have {all} [M [N [M_pos M_nz df]]] :
    regular_at z (fun t => foldr (fun i v => (if P i then f i t else 0) + v) 0 (index_enum I)).
  elim: (index_enum I) => [|i s IH] /=; first exact: regular_const.
  by apply: regular_add IH; case Pi: (P i); [apply: all | apply: regular_const].
exists M, N; split=> // t; apply: is_derive_ext (df t) => u; rewrite unlock /reducebig /=.
by elim: (index_enum I) => //= i s ->; case: (P i) => //; rewrite Rplus_0_l.
Qed.

(* 1 + e^(2 (s t + b)) and the numerator of 4 / (e^z + e^(-z))^2. *)
Definition cosh_sum (s b : R) : esum := [:: (1, 0); (exp (2 * b), 2 * s)].
Definition exp_sum (s b : R) : esum := [:: (exp (2 * b), 2 * s)].

Lemma exp_sumE s b t : value (exp_sum s b) t = exp (2 * (s * t + b)).
Proof. by rewrite /value /= Rplus_0_r -exp_plus; congr exp; ring. Qed.

Lemma cosh_sumE s b t : value (cosh_sum s b) t = exp (2 * (s * t + b)) + 1.
Proof. by rewrite -exp_sumE /value /= Rmult_0_l exp_0; ring. Qed.

Lemma derivative_cosh_sum z s b : derivative z 0 (cosh_sum s b) = Cdenominator s b z.
Proof.
rewrite -[cosh_sum s b]/(one ++ exp_sum s b) derivative_cat derivative_one /exp_sum derivative_singleton.
by rewrite /= Rmult_1_r /Cdenominator Cplus_comm.
Qed.

Lemma tanh_line_derivative c s b t : is_derive (fun t => c * tanh (s * t + b)) t
  (4 * c * s * value (exp_sum s b) t / (value (cosh_sum s b) t * value (cosh_sum s b) t)).
Proof.
have pos := exp_pos (2 * (s * t + b)).
have inner : is_derive (fun t => s * t + b) t s by auto_derive => //; ring.
have outer := is_derive_comp tanh (fun t => s * t + b) t _ _ (tanh_derivative _) inner.
have eq : scal c (scal s (sech2 (s * t + b))) =
    4 * c * s * value (exp_sum s b) t / (value (cosh_sum s b) t * value (cosh_sum s b) t).
  rewrite exp_sumE cosh_sumE /scal /= /mult /=.
  have := sech2_exp (s * t + b); set u := exp _ in pos *; set v := sech2 _ => eq.
  have -> : 4 * c * s * u = c * s * (4 * u) by ring.
  by rewrite -eq; field; lra.
by rewrite -eq; apply: is_derive_scal.
Qed.

Lemma regular_tanh z c s b : Cdenominator s b z <> RtoC 0 -> regular_at z (fun t => c * tanh (s * t + b)).
Proof.
move=> nz; exists (product (cosh_sum s b) (cosh_sum s b)), (scaled (4 * c * s) (exp_sum s b)); split=> [t||t].
- by rewrite value_product cosh_sumE; have := exp_pos (2 * (s * t + b)); nra.
- by rewrite derivative0_product derivative_cosh_sum => /Cmult_integral [].
by rewrite value_product {1}/value total_scaled -/(value _ t); apply: tanh_line_derivative.
Qed.

(* ---- The theorem ---- *)

Theorem no_exponential_of_tanh (A B : esum) (T S : R -> R) c s b t0 e :
  0 < e -> 0 < s -> c <> 0 -> regular_at (pole s b) S -> (forall t, T t = c * tanh (s * t + b) + S t) ->
  near t0 e (fun t => value B t * exp (T t) = value A t) -> near t0 e (fun t => value B t = 0).
Proof.
move=> e_pos s_pos c_nz [M [N [M_pos M_nz dS]]] TE eqAB t te; apply: NNPP => B_t.
have A_t : value A t <> 0.
  by rewrite -eqAB // => /Rmult_integral [] //; have := exp_pos (T t); lra.
set z := pole s b in M_nz.
have order F : value F t <> 0 -> exists2 n, order_ge z n F & derivative z n F <> RtoC 0.
  by move=> nz; apply: order_exists; exists (fun s => exp (s * t)).
have [m A_ge A_nz] := order A A_t; have [n B_ge B_nz] := order B B_t.
pose D := product (cosh_sum s b) (cosh_sum s b).
pose left := product (product (product (derived A) B ++ scaled (-1) (product A (derived B))) D) M.
pose inner := scaled (4 * c * s) (product (exp_sum s b) M) ++ product N D.
pose right := product (product A B) inner.
pose dT u := 4 * c * s * value (exp_sum s b) u / (value (cosh_sum s b) u * value (cosh_sum s b) u)
  + value N u / value M u.
have dTE u : is_derive T u (dT u).
  apply: (is_derive_ext (fun t => c * tanh (s * t + b) + S t)) => [w|]; first by rewrite TE.
  by apply: is_derive_plus; [apply: tanh_line_derivative | apply: dS].
have dAB u : is_derive (fun u => value B u * exp (T u) + - value A u) u
    ((value (derived B) u * exp (T u) + value B u * (dT u * exp (T u))) + - value (derived A) u).
  apply: is_derive_plus; last by apply: is_derive_opp; apply: value_derivative.
  apply: (is_derive_mult (value B) (fun u => exp (T u)) u _ _ (value_derivative B u) _ Rmult_comm).
  exact: (is_derive_comp exp T u _ _ (is_derive_exp (T u)) (dTE u)).
have zero : near t0 e (fun u => (value (derived B) u * exp (T u) + value B u * (dT u * exp (T u)))
    + - value (derived A) u = 0).
  by apply: derivative_zero_near dAB _ => u ue; rewrite eqAB //; ring.
(* The identity A'B - AB' = T' A B, multiplied by the denominators. *)
have same : near t0 e (fun u => value (left ++ scaled (-1) right) u = 0).
  move=> u ue; have e_u := exp_pos (2 * (s * u + b)).
  have dA : value (derived A) u = value (derived B) u * exp (T u) + value B u * (dT u * exp (T u)).
    by have := zero u ue; lra.
  have catE F G : value (F ++ G) u = value F u + value G u by apply: total_cat.
  have scaledE a F : value (scaled a F) u = a * value F u by apply: total_scaled.
  rewrite /left /right /inner /D !(catE, scaledE, value_product) dA -(eqAB u ue) /dT.
  have C_pos : 0 < value (cosh_sum s b) u by rewrite cosh_sumE; lra.
  by field; have := M_pos u; lra.
have eq k : derivative z k left = derivative z k right.
  have zero_total := exponential_sum_zero e_pos same.
  have part (w : R -> R) : total (fun s => s ^ k * w s) left = total (fun s => s ^ k * w s) right.
    by have := zero_total (fun s => s ^ k * w s); rewrite total_cat total_scaled; lra.
  by rewrite /derivative !part.
(* The orders. *)
have cosh_ge : order_ge z 1 (cosh_sum s b).
  by case=> // _; rewrite derivative_cosh_sum; apply: denominator_pole; lra.
have D_ge : order_ge z 2 D by apply: (order_ge_product cosh_ge cosh_ge).
have A'B := order_ge_product (order_ge_derived A_ge) B_ge.
have AB' := order_ge_product A_ge (order_ge_derived B_ge).
have left_ge : order_ge z ((m + n).-1 + 2) left.
  rewrite -[((m + n).-1 + 2)%N]addn0; apply: order_ge_product; last by [].
  apply: order_ge_product D_ge; apply: order_ge_cat; last apply: order_ge_scaled.
    by apply: order_ge_le A'B; case: (m) => [|m']; [apply: leq_pred | rewrite addSn].
  by apply: order_ge_le AB'; case: (n) => [|n']; rewrite ?addn0 ?addnS /= ?leq_pred.
have right0 : derivative z (m + n) right = RtoC 0.
  rewrite -eq; apply: left_ge; by case: (m + n)%N => [|k] //=; rewrite addn2.
have inner0 : derivative z 0 inner <> RtoC 0.
  have D0 := D_ge 0%N isT; rewrite derivative_cat derivative_scaled derivative0_product.
  rewrite [derivative z 0 (product N D)]derivative0_product D0 Cmult_0_r Cplus_0_r.
  rewrite /exp_sum derivative_singleton /= Rmult_1_r Cexp_pole; last lra.
  case/Cmult_integral => [eq0|/Cmult_integral [eq0|//]]; have := f_equal fst eq0 => /=; last lra.
  by have := Rmult_integral_contrapositive_currified _ _ c_nz (Rgt_not_eq _ _ s_pos); lra.
have AB_ge := order_product A_ge B_ge; have [_ [K1 K1_pos AB]] := AB_ge.
have [_ [K2 K2_pos]] := order_product AB_ge.1 (order_ge_0 z inner).
rewrite addn0 -/right right0 AB => /esym.
have nzK K : 0 < K -> RtoC K <> RtoC 0 by move=> Kpos [] ?; lra.
by case/Cmult_integral => [/(nzK _ K2_pos)//|/Cmult_integral [|//]]
  /Cmult_integral [/(nzK _ K1_pos)//|/Cmult_integral []].
Qed.
