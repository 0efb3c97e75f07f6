(* The lowest level: polynomials in t, with the one function h = t.

   docs/theory/deep-tanh.md (Independence of deep neurons), step 1.

     polynomial_level:  for distinct numbers v_1, v_2, ... the functions e^(v_1 t), e^(v_2 t), ... are linearly
     independent over the polynomials, on every interval.

   Proof.  By exponentials_from_derivatives one has to exclude a b' - a' b + v a b = 0 for polynomials a, b that are not
   zero and v <> 0: the term v a b has the greatest degree. *)

From Coq Require Import Reals Lra Classical FunctionalExtensionality List.
From mathcomp Require Import ssreflect ssrfun ssrbool eqtype ssrnat seq choice fintype bigop.
From Coquelicot Require Import Coquelicot.
From LLR Require Import RealSpans Independence IndependenceExponentials TwoLayerTanhIndependence TwoLayerTanhRank.
From LLR Require Import ExponentialSums DeepTanhTower DeepTanhNextLevel.

Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.

Local Open Scope R_scope.

(* Polynomials of degree at most n, by Horner's rule. *)
Inductive degree_le : nat -> (R -> R) -> Prop :=
| degree_const c : degree_le 0 (fun _ => c)
| degree_step n c f : degree_le n f -> degree_le n.+1 (fun t => c + t * f t).

Definition polynomial (f : R -> R) := exists n, degree_le n f.

Lemma fun_ext (f g : R -> R) : (forall t, f t = g t) -> f = g.
Proof. exact: functional_extensionality. Qed.

Lemma degree_scale n c f : degree_le n f -> degree_le n (fun t => c * f t).
Proof.
elim=> {n f} [a|n a f _ IH]; first exact: degree_const.
have -> : (fun t => c * (a + t * f t)) = fun t => c * a + t * (c * f t) by apply: fun_ext => t; ring.
exact: degree_step.
Qed.

Lemma degree_up n f : degree_le n f -> degree_le n.+1 f.
Proof.
elim=> {n f} [a|n a f _ IH]; last exact: degree_step.
have -> : (fun _ => a) = fun t => a + t * 0 by apply: fun_ext => t; ring.
exact: degree_step (degree_const 0).
Qed.

Lemma degree_weaken m n f : (m <= n)%N -> degree_le m f -> degree_le n f.
Proof. by move=> /subnK <-; elim: (n - m)%N => // k IH /IH; apply: degree_up. Qed.

Lemma degree_inversion n g : degree_le n g -> match n with
  | 0%N => exists c, g = fun _ => c
  | n'.+1 => exists b g', degree_le n' g' /\ g = fun t => b + t * g' t end.
Proof. by case=> [c|k b g' hg']; [exists c | exists b, g']. Qed.

Lemma degree_add n f g : degree_le n f -> degree_le n g -> degree_le n (fun t => f t + g t).
Proof.
move=> hf; elim: hf g => {n f} [a|n a f _ IH] g /degree_inversion.
  by move=> [b ->]; apply: degree_const.
move=> [b [g' [hg' ->]]].
have -> : (fun t => a + t * f t + (b + t * g' t)) = fun t => (a + b) + t * (f t + g' t).
  by apply: fun_ext => t; ring.
by apply: degree_step; apply: IH.
Qed.

Lemma polynomial_add f g : polynomial f -> polynomial g -> polynomial (fun t => f t + g t).
Proof.
move=> [n hf] [m hg]; exists (maxn n m); apply: degree_add.
  by apply: degree_weaken hf; apply: leq_maxl.
by apply: degree_weaken hg; apply: leq_maxr.
Qed.

Lemma polynomial_shift f : polynomial f -> polynomial (fun t => t * f t).
Proof.
move=> [n hf]; exists n.+1.
have -> : (fun t => t * f t) = fun t => 0 + t * f t by apply: fun_ext => t; ring.
exact: degree_step.
Qed.

Lemma polynomial_mul f g : polynomial f -> polynomial g -> polynomial (fun t => f t * g t).
Proof.
move=> [n hf] hg; elim: hf => {n f} [a|n a f _ IH].
  by have [m hm] := hg; exists m; apply: degree_scale.
have -> : (fun t => (a + t * f t) * g t) = fun t => a * g t + t * (f t * g t) by apply: fun_ext => t; ring.
apply: polynomial_add; last exact: polynomial_shift.
by have [m hm] := hg; exists m; apply: degree_scale.
Qed.

(* The derivative has a smaller degree. *)
Lemma degree_derivative n f : degree_le n f -> exists2 df, degree_le n.-1 df & forall t, is_derive f t (df t).
Proof.
elim=> {n f} [a|n a f hf [df hdf der]].
  by exists (fun _ => 0) => [|t]; [apply: degree_const | apply: is_derive_const].
exists (fun t => f t + t * df t) => [|t]; last first.
  have := is_derive_plus _ _ t _ _ (is_derive_const a t)
    (is_derive_mult (fun t => t) f t _ _ (is_derive_id t) (der t) Rmult_comm).
  by move=> d; apply: (is_derive_eq d); rewrite /plus /mult /zero /Hierarchy.one /=; ring.
apply: (degree_add hf) => /=; case: hf hdf der => [c|k c g _] hdf der /=.
  have df0 t : df t = 0.
    by rewrite -(is_derive_unique _ _ _ (der t)); apply: is_derive_unique; apply: is_derive_const.
  have -> : (fun t => t * df t) = fun _ => 0 by apply: fun_ext => t; rewrite df0; ring.
  exact: degree_const.
have -> : (fun t => t * df t) = fun t => 0 + t * df t by apply: fun_ext => t; ring.
exact: degree_step.
Qed.

Lemma polynomial_quasi_analytic : quasi_analytic polynomial.
Proof.
move=> f t0 e [n hf] e_pos; elim: n f hf => [|n IH] f hf zero t.
  by have [c fc] := degree_inversion hf; rewrite -(near_center e_pos zero) fc.
have [df hdf der] := degree_derivative hf.
have df0 := IH df hdf (derivative_zero_near der zero).
have const : near t0 (Rabs (t - t0) + 1) (fun u => f u = f t0).
  by apply: constant_near => u _; rewrite -(df0 u).
by rewrite const ?(near_center e_pos zero) //; lra.
Qed.

Lemma polynomial_ring : differential_ring polynomial.
Proof.
split=> [c|f g|f g|f [n hf]|f [n hf] t].
- by exists 0%N; apply: degree_const.
- exact: polynomial_add.
- exact: polynomial_mul.
- have [df hdf der] := degree_derivative hf; exists n.-1.
  by have -> : Derive f = df by apply: fun_ext => t; apply: is_derive_unique.
by have [df _ der] := degree_derivative hf; exists (df t).
Qed.

(* A polynomial that is not zero grows like c t^k with c <> 0, its derivative slower. *)
Definition grows (f : R -> R) := (forall t, f t = 0) \/ exists k c, [/\ c <> 0,
  is_lim (fun t => f t * (/ t) ^ k) p_infty c & is_lim (fun t => Derive f t * (/ t) ^ k) p_infty 0].

Lemma constant_grows a : grows (fun _ => a).
Proof.
case: (Req_dec a 0) => [->|a0]; [by left | right; exists 0%N, a; split=> //].
  by apply: (is_lim_ext (fun _ => a)) => [t|]; [rewrite /=; ring | apply: is_lim_const].
by apply: (is_lim_ext (fun _ => 0)) => [t|]; [rewrite Derive_const; ring | apply: is_lim_const].
Qed.

Lemma polynomial_growth n f : degree_le n f -> grows f.
Proof.
elim=> {n f} [a|n a f hf [f0|[k [c [c0 lim_f lim_df]]]]]; first exact: constant_grows.
  have -> : (fun t => a + t * f t) = fun _ => a by apply: fun_ext => t; rewrite f0; ring.
  exact: constant_grows.
right; exists k.+1, c; split=> //.
  have lim := is_lim_plus' _ _ _ _ _ (is_lim_mult_real (is_lim_const a p_infty) (@is_lim_inverse_power k.+1)) lim_f.
  have eq : a * 0 ^ k.+1 + c = c by rewrite /=; ring.
  rewrite eq in lim; apply: (is_lim_ext_loc _ _ _ _ _ lim).
  by exists 0 => t t_pos /=; field; lra.
have lim := is_lim_plus' _ _ _ _ _ (is_lim_mult_real lim_f (@is_lim_inverse_power 1)) lim_df.
have eq : c * 0 ^ 1 + 0 = 0 by rewrite /=; ring.
rewrite eq in lim; apply: (is_lim_ext_loc _ _ _ _ _ lim).
exists 0 => t t_pos.
have -> : Derive (fun t => a + t * f t) t = f t + t * Derive f t.
  have [df _ der] := degree_derivative hf; rewrite (is_derive_unique _ _ _ (der t)).
  apply: is_derive_unique.
  have := is_derive_plus _ _ t _ _ (is_derive_const a t)
    (is_derive_mult (fun t => t) f t _ _ (is_derive_id t) (der t) Rmult_comm).
  by move=> d; apply: (is_derive_eq d); rewrite /plus /mult /zero /Hierarchy.one /=; ring.
by rewrite /=; field; lra.
Qed.

(* The line itself. *)
Definition line (t : R) (_ : 'I_1) : R := t.

Lemma line_velocity t j : velocity line t j = 1.
Proof. exact: Derive_id. Qed.

Theorem polynomial_level : level polynomial line.
Proof.
have vel j : polynomial (fun t => velocity line t j).
  have -> : (fun t => velocity line t j) = fun _ => 1 by apply: fun_ext => t; apply: line_velocity.
  exact: (const_in polynomial_ring).
have der (j : 'I_1) t : ex_derive (fun t => line t j) t by exact: ex_derive_id.
split=> //; first exact: polynomial_ring.
apply: exponentials_from_derivatives => //; [exact: polynomial_ring | exact: polynomial_quasi_analytic |].
move=> v a b [j vj] [n ha] [k hb] relation.
case: (polynomial_growth ha) => [|[na [ca [ca0 lim_a lim_da]]]]; first by left.
case: (polynomial_growth hb) => [|[nb [cb [cb0 lim_b lim_db]]]]; first by right.
have slope t : dot v (velocity line t) = v j.
  rewrite /dot (bigD1 j) //= big1 => [|i]; first by rewrite line_velocity; ring.
  by rewrite (ord1 i) (ord1 j).
have lim := is_lim_plus' _ _ _ _ _ (is_lim_plus' _ _ _ _ _ (is_lim_mult_real lim_a lim_db)
  (is_lim_mult_real (is_lim_mult_real (is_lim_const (-1) p_infty) lim_da) lim_b))
  (is_lim_mult_real (is_lim_mult_real (is_lim_const (v j) p_infty) lim_a) lim_b).
have zero : is_lim (fun _ => 0) p_infty (ca * 0 + -1 * 0 * cb + v j * ca * cb).
  apply: (is_lim_ext _ _ _ _ _ lim) => t; rewrite -[RHS](Rmult_0_l ((/ t) ^ na * (/ t) ^ nb)) -(relation t) slope; ring.
have := is_lim_unique _ _ _ zero; rewrite Lim_const => -[eq].
have /Rmult_integral [/Rmult_integral [] |] // : v j * ca * cb = 0 by lra.
Qed.
