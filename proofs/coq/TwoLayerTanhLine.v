(* Independence of tanh neurons of one variable.

   docs/theory/two-layer-tanh.md (Independence of tanh neurons), on a line.  Let s_k > 0 with (s_k, b_k)
   pairwise distinct.  Then the functions tanh(s_k t + b_k), sech^2(s_k t + b_k), t sech^2(s_k t + b_k), 1, t of
   a real variable t are linearly independent.

   Proof.  Continued to complex t, tanh(s t + b) has its poles where e^(2 s t + 2 b) = -1.  The one in the upper
   half plane that is nearest to the real line is p = (- b + i pi / 2) / s.  If s' <= s then tanh(s' t + b') has
   this pole only if (s', b') = (s, b).  So take the neurons in the order of falling s.  Neuron (s, b) is the
   only one left with the pole p, where sech^2 has order 2 and tanh has order 1; hence its coefficient b0 + b1 p
   vanishes, which means b0 = b1 = 0 as p is not real, and then the one of tanh.

   The continuation to complex t: multiply by the denominators e^(2 s t + 2 b) + 1, and use that an exponential
   polynomial that vanishes on the real line vanishes (IndependenceExponentials.v). *)

From Coq Require Import Reals Lra.
From mathcomp Require Import ssreflect ssrfun ssrbool eqtype ssrnat seq choice fintype bigop.
From Coquelicot Require Import Coquelicot.
From LLR Require Import RealSpans Independence IndependenceExponentials.

Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.

Local Open Scope R_scope.

(* sech^2 z = tanh' z = 1 - tanh^2 z. *)
Definition sech2 (z : R) : R := 1 - tanh z * tanh z.

Lemma tanh_exp z : (exp (2 * z) + 1) * tanh z = exp (2 * z) - 1.
Proof.
rewrite /tanh /sinh /cosh.
have -> : exp (2 * z) = exp z * exp z by rewrite -exp_plus; congr exp; ring.
rewrite exp_Ropp; have := exp_pos z; move: (exp z) => e e_pos.
by field; have := Rmult_lt_0_compat _ _ e_pos e_pos; lra.
Qed.

Lemma sech2_exp z : (exp (2 * z) + 1) * ((exp (2 * z) + 1) * sech2 z) = 4 * exp (2 * z).
Proof.
rewrite /sech2.
have -> : forall u t, u * (u * (1 - t * t)) = u * u - (u * t) * (u * t) by move=> *; ring.
by rewrite tanh_exp; ring.
Qed.

Lemma tanh_opp z : tanh (- z) = - tanh z.
Proof.
rewrite /tanh /sinh /cosh Ropp_involutive (Rplus_comm (exp (- z))) /Rdiv Ropp_mult_distr_l.
by congr (_ * _); lra.
Qed.

Lemma tanh_0 : tanh 0 = 0.
Proof. by rewrite /tanh sinh_0 /Rdiv Rmult_0_l. Qed.

Lemma sech2_opp z : sech2 (- z) = sech2 z.
Proof. by rewrite /sech2 tanh_opp; ring. Qed.

Lemma sech2_pos z : 0 < sech2 z.
Proof.
have e := exp_pos (2 * z); have := sech2_exp z.
move: (exp (2 * z)) (sech2 z) e => u v u_pos eq.
have pos w : 0 < (u + 1) * w -> 0 < w by move=> h; apply: (Rmult_lt_reg_l (u + 1)); lra.
by apply: (pos v); apply: (pos ((u + 1) * v)); lra.
Qed.

Lemma tanh_derivative z : is_derive tanh z (sech2 z).
Proof.
have pos u : exp (2 * u) + 1 <> 0 by have := exp_pos (2 * u); lra.
apply: (is_derive_ext (fun u => (exp (2 * u) - 1) / (exp (2 * u) + 1))) => [u|].
  have -> // : tanh u = (exp (2 * u) - 1) / (exp (2 * u) + 1) by rewrite -tanh_exp; field; apply: pos.
have -> : sech2 z = 4 * exp (2 * z) / ((exp (2 * z) + 1) * (exp (2 * z) + 1)).
  by rewrite -sech2_exp; field; apply: pos.
by auto_derive; [apply: pos | field; apply: pos].
Qed.

(* ---- The pole ---- *)

(* The denominator e^(2 (s t + b)) + 1 of tanh(s t + b), at real and at complex t, and its zero p. *)
Definition denominator (s b t : R) : R := exp (2 * s * t + 2 * b) + 1.
Definition Cdenominator (s b : R) (z : C) : C := Cplus (Cmult (RtoC (exp (2 * b))) (Cexp (2 * s) z)) (RtoC 1).
Definition pole (s b : R) : C := (- b / s, PI / (2 * s)).

Lemma Cexp_pole s b : s <> 0 -> Cmult (RtoC (exp (2 * b))) (Cexp (2 * s) (pole s b)) = RtoC (-1).
Proof.
move=> s0; rewrite /Cexp /pole /=.
have -> : 2 * s * (PI / (2 * s)) = PI by field.
have -> : 2 * s * (- b / s) = - (2 * b) by field.
rewrite cos_PI sin_PI exp_Ropp /Cmult /RtoC /=; have := exp_pos (2 * b) => pos.
by congr (_, _); field; lra.
Qed.

Lemma denominator_pole s b : s <> 0 -> Cdenominator s b (pole s b) = RtoC 0.
Proof. by move=> s0; rewrite /Cdenominator Cexp_pole // -RtoC_plus; congr RtoC; ring. Qed.

Lemma only_pole s b s' b' : 0 < s' <= s -> Cdenominator s' b' (pole s b) = RtoC 0 -> s' = s /\ b' = b.
Proof.
move=> s's; rewrite /Cdenominator /Cexp /pole /Cmult /Cplus /RtoC /= => -[re im].
set a := 2 * s' * (PI / (2 * s)) in re im.
have aE : a = PI * (s' / s) by rewrite /a; field; lra.
have e0 := exp_pos (2 * b'); have e1 := exp_pos (2 * s' * (- b / s)).
have sin0 : sin a = 0.
  have : (exp (2 * b') * exp (2 * s' * (- b / s))) * sin a = 0 by rewrite -[RHS]im; ring.
  by case/Rmult_integral => // /Rmult_integral [] ?; lra.
have q1 : 0 < s' / s <= 1.
  split; first by apply: Rdiv_lt_0_compat; lra.
  by apply: (Rmult_le_reg_r s); [lra | rewrite /Rdiv Rmult_assoc Rinv_l; lra].
have a_pi : a = PI.
  have a_pos : 0 < a by rewrite aE; apply: Rmult_lt_0_compat; [apply: PI_RGT_0 | lra].
  have a_le : a <= PI.
    by rewrite aE -{2}(Rmult_1_r PI); apply: Rmult_le_compat_l; [have := PI_RGT_0; lra | lra].
  by case: a_le => // a_lt; have := sin_gt_0 _ a_pos a_lt; lra.
have ss : s' = s.
  apply: (Rmult_eq_reg_r (/ s)); last by apply: Rinv_neq_0_compat; lra.
  rewrite Rinv_r; last lra.
  by apply: (Rmult_eq_reg_l PI); [rewrite -/(s' / s) -aE a_pi; ring | have := PI_RGT_0; lra].
split=> //; move: re; rewrite a_pi cos_PI ss.
have -> : 2 * s * (- b / s) = - (2 * b) by field; lra.
have e2 := exp_pos (2 * b); rewrite exp_Ropp => re.
suff: exp (2 * b') = exp (2 * b) by move/exp_inv; lra.
apply: (Rmult_eq_reg_r (/ exp (2 * b))); last by apply: Rinv_neq_0_compat; lra.
by rewrite Rinv_r; lra.
Qed.

(* ---- Functions without a pole at p ---- *)

(* f is a quotient of exponential polynomials whose denominator does not vanish at p. *)
Definition regular (p : C) (f : R -> R) := exists a A b B,
  [/\ exponential_polynomial a A, exponential_polynomial b B, A p <> RtoC 0 & forall t, a t * f t = b t].

Lemma regular_ext p f g : (forall t, g t = f t) -> regular p f -> regular p g.
Proof. by move=> gf [a [A [b [B [aA bB Ap ab]]]]]; exists a, A, b, B; split=> // t; rewrite gf. Qed.

Lemma one_neq_0 : RtoC 1 <> RtoC 0. Proof. by move=> [] /R1_neq_R0. Qed.

Lemma regular_affine p c0 c1 : regular p (fun t => c0 + c1 * t).
Proof.
exists (fun _ => 1), (fun _ => RtoC 1), (fun t => c0 + c1 * t), (fun z => Cplus (RtoC c0) (Cmult (RtoC c1) z)).
split=> [| | |t]; [exact: polynomial_const | exact: polynomial_affine | exact: one_neq_0 | ring].
Qed.

Lemma regular_add p f g : regular p f -> regular p g -> regular p (fun t => f t + g t).
Proof.
move=> [a [A [b [B [aA bB Ap ab]]]]] [c [C [d [D [cC dD Cp cd]]]]].
exists (fun t => a t * c t), (fun z => Cmult (A z) (C z)),
  (fun t => b t * c t + d t * a t), (fun z => Cplus (Cmult (B z) (C z)) (Cmult (D z) (A z))).
split=> [| | |t]; first exact: polynomial_mult.
- by apply: polynomial_add; apply: polynomial_mult.
- exact: Cmult_neq_0.
- by rewrite -ab -cd; ring.
Qed.

Lemma regular_mult p f g : regular p f -> regular p g -> regular p (fun t => f t * g t).
Proof.
move=> [a [A [b [B [aA bB Ap ab]]]]] [c [C [d [D [cC dD Cp cd]]]]].
exists (fun t => a t * c t), (fun z => Cmult (A z) (C z)), (fun t => b t * d t), (fun z => Cmult (B z) (D z)).
split=> [| | |t]; [exact: polynomial_mult | exact: polynomial_mult | exact: Cmult_neq_0 |].
by rewrite -ab -cd; ring.
Qed.

Lemma regular_sum p (I : finType) (P : pred I) (f : I -> R -> R) :
  (forall i, P i -> regular p (f i)) -> regular p (fun t => \Sum_(i | P i) f i t).
Proof.
move=> reg.
have zero := regular_affine p 0 0.
pose g i := if P i then f i else fun _ => 0 + 0 * 0.
suff: regular p (fun t => foldr (fun i s => g i t + s) 0 (index_enum I)).
  apply: regular_ext => t; rewrite big_mkcond unlock /=; elim: (index_enum I) => //= i s ->.
  by rewrite /g; case: ifP => _; ring.
elim: (index_enum I) => [|i s IH] /=; first by apply: regular_ext zero => t; ring.
apply: (@regular_add p (g i)) IH; rewrite /g; case: ifP => Pi; first exact: reg.
by apply: regular_ext zero => t; ring.
Qed.

Lemma polynomial_denominator s b : exponential_polynomial (denominator s b) (Cdenominator s b).
Proof. by apply: polynomial_add (polynomial_exp _ _) (polynomial_const 1). Qed.

Lemma regular_tanh p s b : Cdenominator s b p <> RtoC 0 -> regular p (fun t => tanh (s * t + b)).
Proof.
move=> nz; exists (denominator s b), (Cdenominator s b), (fun t => exp (2 * s * t + 2 * b) + (-1)),
  (fun z => Cplus (Cmult (RtoC (exp (2 * b))) (Cexp (2 * s) z)) (RtoC (-1))).
split=> // [| |t]; first exact: polynomial_denominator.
  exact: polynomial_add (polynomial_exp _ _) (polynomial_const (-1)).
rewrite /denominator; have -> : 2 * s * t + 2 * b = 2 * (s * t + b) by ring.
by rewrite tanh_exp.
Qed.

Lemma regular_sech2 p s b : Cdenominator s b p <> RtoC 0 -> regular p (fun t => sech2 (s * t + b)).
Proof.
move=> nz; have th := regular_tanh nz.
have square := regular_mult (regular_affine p (-1) 0) (regular_mult th th).
apply: regular_ext (regular_add (regular_affine p 1 0) square).
by move=> t; rewrite /sech2; ring.
Qed.

Lemma Cmult_zero_l (u v : C) : Cmult u v = RtoC 0 -> v <> RtoC 0 -> u = RtoC 0.
Proof. by move=> uv nz; have -> : u = Cdiv (Cmult u v) v by [field]; rewrite uv /Cdiv Cmult_0_l. Qed.

(* A neuron whose pole the other functions do not have. *)
Lemma simple_pole s b r alpha beta0 beta1 : 0 < s -> regular (pole s b) r ->
  (forall t, alpha * tanh (s * t + b) + (beta0 + beta1 * t) * sech2 (s * t + b) + r t = 0) ->
  [/\ alpha = 0, beta0 = 0 & beta1 = 0].
Proof.
move=> s_pos [a [A [c [Cc [aA cC Ap ac]]]]] rel.
have s0 : s <> 0 by lra.
pose e t := exp (2 * s * t + 2 * b); pose E z := Cmult (RtoC (exp (2 * b))) (Cexp (2 * s) z).
have eE : exponential_polynomial e E by apply: polynomial_exp.
have den := polynomial_denominator s b; have Dp := denominator_pole b s0.
have Ep : E (pole s b) = RtoC (-1) := Cexp_pole b s0.
have th t : denominator s b t * tanh (s * t + b) = e t - 1.
  by rewrite /denominator /e; have -> : 2 * s * t + 2 * b = 2 * (s * t + b) by [ring]; rewrite tanh_exp.
have sh t : denominator s b t * (denominator s b t * sech2 (s * t + b)) = 4 * e t.
  by rewrite /denominator /e; have -> : 2 * s * t + 2 * b = 2 * (s * t + b) by [ring]; rewrite sech2_exp.
have [beta0_0 beta1_0] : beta0 = 0 /\ beta1 = 0.
  have ep := polynomial_add (polynomial_mult (polynomial_mult (polynomial_mult (polynomial_const alpha)
    (polynomial_add eE (polynomial_const (-1)))) den) aA)
    (polynomial_add (polynomial_mult (polynomial_mult (polynomial_affine beta1 beta0)
    (polynomial_mult (polynomial_const 4) eE)) aA) (polynomial_mult (polynomial_mult den den) cC)).
  have {ep} := continuation_zero ep _ (pole s b); cbv beta; rewrite Dp Ep => at_pole.
  have : Cplus (RtoC beta0) (Cmult (RtoC beta1) (pole s b)) = RtoC 0.
    apply: (@Cmult_zero_l _ (Cmult (RtoC 4) (Cmult (RtoC (-1)) (A (pole s b))))); last first.
      by do 2![apply: Cmult_neq_0 => [[]|]; first lra].
    rewrite -[RHS]at_pole => [|t]; first by ring.
    transitivity (denominator s b t * denominator s b t * a t *
      (alpha * tanh (s * t + b) + (beta0 + beta1 * t) * sech2 (s * t + b) + r t)); last by rewrite rel Rmult_0_r.
    rewrite -ac; have -> : forall D T S x y z q, D * D * q * (x * T + y * S + z) =
      x * (D * T) * D * q + y * (D * (D * S)) * q + D * D * (q * z) by move=> *; ring.
    by rewrite th sh; ring.
  rewrite /pole /Cplus /Cmult /RtoC /= => -[re im].
  have y_pos : 0 < PI / (2 * s) by apply: Rdiv_lt_0_compat; [apply: PI_RGT_0 | lra].
  have : beta1 * (PI / (2 * s)) = 0 by rewrite -[RHS]im; ring.
  by case/Rmult_integral => [b1|?]; [split=> //; rewrite -[RHS]re b1; ring | lra].
split=> //.
have ep := polynomial_add (polynomial_mult (polynomial_mult (polynomial_const alpha)
  (polynomial_add eE (polynomial_const (-1)))) aA) (polynomial_mult den cC).
have {ep} := continuation_zero ep _ (pole s b); cbv beta; rewrite Dp Ep => at_pole.
have : RtoC alpha = RtoC 0.
  apply: (@Cmult_zero_l _ (Cmult (Cplus (RtoC (-1)) (RtoC (-1))) (A (pole s b)))); last first.
    by apply: Cmult_neq_0 => // -[]; lra.
  rewrite -[RHS]at_pole => [|t]; first by ring.
  transitivity (denominator s b t * a t *
    (alpha * tanh (s * t + b) + (beta0 + beta1 * t) * sech2 (s * t + b) + r t)); last by rewrite rel Rmult_0_r.
  rewrite -ac beta0_0 beta1_0; have -> : forall D T S x z q u, D * q * (x * T + (0 + 0 * u) * S + z) =
    x * (D * T) * q + D * (q * z) by move=> *; ring.
  by rewrite th; ring.
by case.
Qed.

(* ---- The theorem ---- *)

Section Line.

Variables (I : finType) (s b alpha beta0 beta1 : I -> R) (gamma0 gamma1 : R).

Hypothesis slopes : forall i, 0 < s i.
Hypothesis distinct : forall i j, i != j -> ~ (s i = s j /\ b i = b j).

Definition neuron_part i t := alpha i * tanh (s i * t + b i) + (beta0 i + beta1 i * t) * sech2 (s i * t + b i).

Hypothesis relation : forall t, (\Sum_i neuron_part i t) + (gamma0 + gamma1 * t) = 0.

Definition vanishing i := [/\ alpha i = 0, beta0 i = 0 & beta1 i = 0].

Lemma neuron_part_zero i : vanishing i -> forall t, neuron_part i t = 0.
Proof. by rewrite /neuron_part => -[-> -> ->] t; ring. Qed.

(* If all steeper neurons have the coefficients 0, then this one. *)
Lemma peel k : (forall i, s k < s i -> vanishing i) -> vanishing k.
Proof.
move=> steeper.
pose r t := (\Sum_(i | i != k) neuron_part i t) + (gamma0 + gamma1 * t).
apply: (@simple_pole (s k) (b k) r) => // [|t]; last first.
  by have := relation t; rewrite (bigD1 k) //= Rplus_assoc.
rewrite /r; apply: regular_add; last exact: regular_affine.
apply: regular_sum => i ik.
case: (Rlt_dec (s k) (s i)) => [/steeper zero|le].
  by apply: regular_ext (regular_affine (pole (s k) (b k)) 0 0) => t; rewrite neuron_part_zero //; ring.
have nz : Cdenominator (s i) (b i) (pole (s k) (b k)) <> RtoC 0.
  have range : 0 < s i <= s k by have := slopes i; lra.
  by move/(only_pole range); apply: distinct.
apply: regular_add; apply: regular_mult; [|exact: regular_tanh|exact: regular_affine|exact: regular_sech2].
by apply: regular_ext (regular_affine (pole (s k) (b k)) (alpha i) 0) => t; ring.
Qed.

Definition above k : pred I := fun i => if Rlt_dec (s k) (s i) then true else false.

Lemma all_vanish k : vanishing k.
Proof.
elim: {k}#|above k| {-2}k (leqnn #|above k|) => [|n IH] k bound; apply: peel => i ki.
  by move: bound; rewrite leqNgt => /negP[]; apply/card_gt0P; exists i; rewrite /above unfold_in; case: Rlt_dec.
apply: IH; rewrite -ltnS; apply: leq_trans bound; apply: proper_card; apply/properP; split.
  apply/subsetP => j; rewrite !unfold_in /above; case: (Rlt_dec (s i) (s j)) => // ij _.
  by case: Rlt_dec => // nj; exfalso; lra.
by exists i; rewrite /above !unfold_in; [case: Rlt_dec | case: Rlt_dec => // ii; exfalso; lra].
Qed.

Theorem tanh_independent_line : (forall i, vanishing i) /\ gamma0 = 0 /\ gamma1 = 0.
Proof.
split=> [i|]; first exact: all_vanish.
have affine t : gamma0 + gamma1 * t = 0.
  by rewrite -[RHS](relation t) big1 ?Rplus_0_l // => i _; apply: neuron_part_zero; apply: all_vanish.
by have := affine 0; have := affine 1; lra.
Qed.

End Line.
