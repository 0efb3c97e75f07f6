(* Exponential polynomials: a sum of terms c t^n e^(a t), with real c and a, that vanishes for all real t
   vanishes for all complex t.

   docs/theory/two-layer-tanh.md (Independence of tanh neurons) uses that functions built from exponentials
   continue to the complex line.  Here is the elementary reason: as t tends to infinity the term with the
   greatest (a, n) grows fastest, so the coefficients of t^n e^(a t) cancel, one pair (a, n) after the other. *)

From Coq Require Import Reals Lra List.
From mathcomp Require Import ssreflect ssrfun ssrbool eqtype ssrnat seq.
From Coquelicot Require Import Coquelicot.

Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.

Local Open Scope R_scope.

(* ---- Terms and their sums, at real and at complex arguments ---- *)

(* The term c t^n e^(a t). *)
Record term := Term { coef : R; power : nat; rate : R }.

Definition monomial (m : term) (t : R) : R := t ^ power m * exp (rate m * t).
Definition real_value (l : seq term) (t : R) : R := foldr (fun m s => coef m * monomial m t + s) 0 l.

(* e^(a z) for real a and complex z = x + i y is e^(a x) (cos (a y) + i sin (a y)). *)
Definition Cexp (a : R) (z : C) : C := (exp (a * fst z) * cos (a * snd z), exp (a * fst z) * sin (a * snd z)).
Fixpoint Cpower (z : C) (n : nat) : C := match n with 0%N => RtoC 1 | k.+1 => Cmult z (Cpower z k) end.

Definition Cmonomial (m : term) (z : C) : C := Cmult (Cpower z (power m)) (Cexp (rate m) z).
Definition complex_value (l : seq term) (z : C) : C :=
  foldr (fun m s => Cplus (Cmult (RtoC (coef m)) (Cmonomial m z)) s) (RtoC 0) l.

Lemma Cexp_add a b z : Cexp (a + b) z = Cmult (Cexp a z) (Cexp b z).
Proof.
rewrite /Cexp /Cmult /= !Rmult_plus_distr_r exp_plus cos_plus sin_plus.
by congr (_, _); ring.
Qed.

Lemma Cexp_0 z : Cexp 0 z = RtoC 1.
Proof. by rewrite /Cexp !Rmult_0_l exp_0 cos_0 sin_0 Rmult_1_l Rmult_0_r. Qed.

Lemma Cpower_add z m n : Cpower z (m + n) = Cmult (Cpower z m) (Cpower z n).
Proof. by elim: m => [|m IH]; rewrite ?add0n ?addSn /= ?IH; ring. Qed.

(* ---- Growth ---- *)

(* m grows slower than k. *)
Definition slower (m k : term) := rate m < rate k \/ (rate m = rate k /\ (power m < power k)%N).

(* The same t^n e^(a t). *)
Definition same (m k : term) : bool := (power m == power k) && (if Req_EM_T (rate m) (rate k) then true else false).

Lemma sameP m k : same m k = true -> power m = power k /\ rate m = rate k.
Proof. by rewrite /same; case: Req_EM_T => // eq; rewrite ?andbT ?andbF // => /eqP. Qed.

Lemma slower_trans m k l : slower m k -> slower k l -> slower m l.
Proof.
rewrite /slower => -[mk|[mk mk']] [kl|[kl kl']]; try (left; lra).
by right; split; [lra | apply: ltn_trans kl'].
Qed.

Lemma same_or_slower m k : [\/ same m k, slower m k | slower k m].
Proof.
rewrite /same /slower; case: Req_EM_T => [eq|neq]; last first.
  by case: (Rtotal_order (rate m) (rate k)) => [?|[?|?]]; [constructor 2; left | | constructor 3; left].
by rewrite andbT; case: (ltngtP (power m) (power k)) => ?; [constructor 2|constructor 3|constructor 1]; auto.
Qed.

(* A non-empty list has a term such that all others have the same t^n e^(a t) or grow slower. *)
Lemma fastest m l : exists2 k, has (same^~ k) (m :: l) & List.Forall (fun j => same j k \/ slower j k) (m :: l).
Proof.
have same_refl k : same k k by rewrite /same eqxx; case: Req_EM_T.
elim: l m => [|m' l IH] m.
  by exists m; rewrite /= ?same_refl //; constructor; [left|constructor].
have [k hask allk] := IH m'.
case: (same_or_slower m k) => mk.
- by exists k; [rewrite /= mk | constructor=> //; left].
- by exists k; [move: hask => /= ->; rewrite orbT | constructor=> //; right].
exists m; first by rewrite /= same_refl.
constructor; first by left.
apply: List.Forall_impl allk => j [jk|jk]; right; last exact: slower_trans jk mk.
by have [p r] := sameP jk; rewrite /slower p r.
Qed.

Lemma is_lim_mult_real (f g : R -> R) (a b : R) :
  is_lim f p_infty a -> is_lim g p_infty b -> is_lim (fun t => f t * g t) p_infty (a * b).
Proof. by move=> hf hg; apply: (is_lim_mult f g p_infty a b hf hg). Qed.

Lemma is_lim_line a : 0 < a -> Rbar_plus (Rbar_mult (- a) p_infty) 0 = m_infty.
Proof.
move=> apos; rewrite Rbar_mult_comm (is_Rbar_mult_unique p_infty (- a) m_infty) //.
by apply: is_Rbar_mult_p_infty_neg; rewrite /=; lra.
Qed.

(* t^n e^(-a t) tends to 0. *)
Lemma is_lim_decay n a : 0 < a -> is_lim (fun t => t ^ n * exp (- (a * t))) p_infty 0.
Proof.
elim: n a => [|n IH] a apos.
  apply: (is_lim_ext (fun t => exp (- a * t + 0))) => [t|].
    by rewrite /= Rmult_1_l; congr exp; ring.
  by apply: is_lim_comp_lin; [rewrite is_lim_line //; apply: is_lim_exp_m | lra].
have half : 0 < a / 2 by lra.
have first : is_lim (fun t => - (2 / a) * ((- (a / 2) * t + 0) * exp (- (a / 2) * t + 0))) p_infty (- (2 / a) * 0).
  apply: is_lim_mult_real; first exact: is_lim_const.
  apply: (is_lim_comp_lin (fun y => y * exp y)); last lra.
  by rewrite is_lim_line //; apply: is_lim_mul_exp_m.
have := is_lim_mult_real first (IH (a / 2) half); rewrite Rmult_0_r; apply: is_lim_ext => t.
have -> : exp (- (a * t)) = exp (- (a / 2) * t + 0) * exp (- (a / 2 * t)).
  by rewrite -exp_plus; congr exp; field.
by rewrite /=; field; lra.
Qed.

Lemma is_lim_inverse_power n : is_lim (fun t => (/ t) ^ n) p_infty (0 ^ n).
Proof.
elim: n => [|n IH] /=; first exact: is_lim_const.
apply: is_lim_mult_real IH.
exact: (is_lim_inv id p_infty p_infty (is_lim_id p_infty)).
Qed.

(* The inverse of t^n e^(a t), for t > 0. *)
Definition inverse_monomial (k : term) (t : R) : R := (/ t) ^ power k * exp (- (rate k * t)).

Lemma inverse_monomialE k t : 0 < t -> monomial k t * inverse_monomial k t = 1.
Proof.
move=> tpos; rewrite /monomial /inverse_monomial.
have -> : forall u v x y : R, u * x * (v * y) = (u * v) * (x * y) by move=> *; ring.
rewrite -Rpow_mult_distr -exp_plus Rinv_r; last lra.
by rewrite pow1 Rplus_opp_r exp_0 Rmult_1_l.
Qed.

Lemma slower_limit m k : slower m k -> is_lim (fun t => monomial m t * inverse_monomial k t) p_infty 0.
Proof.
rewrite /monomial /inverse_monomial; case=> [lt|[eq lt]].
  have apos : 0 < rate k - rate m by lra.
  have := is_lim_mult_real (@is_lim_decay (power m) _ apos) (@is_lim_inverse_power (power k)).
  rewrite Rmult_0_l; apply: is_lim_ext => t.
  have -> : exp (- ((rate k - rate m) * t)) = exp (rate m * t) * exp (- (rate k * t)).
    by rewrite -exp_plus; congr exp; ring.
  by ring.
apply: (is_lim_ext_loc (fun t => (/ t) ^ (power k - power m))); last first.
  have := @is_lim_inverse_power (power k - power m).
  by rewrite pow_ne_zero //; apply/eqP; rewrite subn_eq0 -ltnNge.
exists 1 => t t1; rewrite eq.
have -> : forall u v x y : R, u * x * (v * y) = (u * v) * (x * y) by move=> *; ring.
rewrite -exp_plus Rplus_opp_r exp_0 Rmult_1_r -{2}(subnKC (ltnW lt)) pow_add -Rmult_assoc -Rpow_mult_distr.
by rewrite Rinv_r ?pow1; lra.
Qed.

Lemma slower_sum_limit l k : List.Forall (slower^~ k) l ->
  is_lim (fun t => real_value l t * inverse_monomial k t) p_infty 0.
Proof.
elim: l => [_|m l IH /List.Forall_cons_iff [mk lk]] /=.
  by apply: (is_lim_ext (fun _ => 0)) => [t|]; [ring | apply: is_lim_const].
have term := is_lim_scal_l _ (coef m) _ _ (slower_limit mk).
have := is_lim_plus' _ _ _ _ _ term (IH lk).
rewrite /= Rmult_0_r Rplus_0_l; apply: is_lim_ext => t; ring.
Qed.

(* ---- Vanishing on the real line ---- *)

Definition total (l : seq term) : R := foldr (fun m s => coef m + s) 0 l.

(* The terms of l with the same t^n e^(a t) as k, and the rest. *)
Lemma real_split k l t : real_value l t =
  total (filter (same^~ k) l) * monomial k t + real_value (filter (fun m => ~~ same m k) l) t.
Proof.
elim: l => [|m l IH] /=; first ring.
rewrite IH; case eq: (same m k) => /=; last ring.
by rewrite /monomial; have [-> ->] := sameP eq; ring.
Qed.

Lemma complex_split k l z : complex_value l z = Cplus
  (Cmult (RtoC (total (filter (same^~ k) l))) (Cmonomial k z)) (complex_value (filter (fun m => ~~ same m k) l) z).
Proof.
elim: l => [|m l IH] /=; first ring.
rewrite IH; case eq: (same m k) => /=; last ring.
by rewrite RtoC_plus /Cmonomial; have [-> ->] := sameP eq; ring.
Qed.

Theorem exponential_polynomial_zero l : (forall t, real_value l t = 0) -> forall z, complex_value l z = RtoC 0.
Proof.
elim: {l}(size l) {-2}l (leqnn (size l)) => [|n IH] l size_l zero z; first by case: l size_l zero.
case: l size_l zero => [//|m0 l0] size_l zero; set l := m0 :: l0 in size_l zero *.
have := fastest m0 l0; rewrite -/l => -[k hask allk].
set rest := filter (fun m => ~~ same m k) l.
have slow : List.Forall (slower^~ k) rest.
  rewrite /rest; elim: (l) allk => [_|m l' IHl /List.Forall_cons_iff [mk lk]] /=; first by constructor.
  by case eq: (same m k) => /=; [apply: IHl | constructor; [by case: mk => //; rewrite eq | apply: IHl]].
have lim0 := slower_sum_limit slow.
set c := total (filter (same^~ k) l).
have c0 : c = 0.
  have lim := is_lim_plus' _ _ _ _ _ (is_lim_const c p_infty) lim0.
  suff: is_lim (fun t => c + real_value rest t * inverse_monomial k t) p_infty 0.
    by move/is_lim_unique; rewrite (is_lim_unique _ _ _ lim) => -[]; rewrite Rplus_0_r.
  apply: (is_lim_ext_loc (fun _ => 0)); last exact: is_lim_const.
  exists 0 => t tpos; have := zero t; rewrite (real_split k) -/rest -/c => rel.
  transitivity ((c * monomial k t + real_value rest t) * inverse_monomial k t); first by rewrite rel; ring.
  by rewrite Rmult_plus_distr_r Rmult_assoc inverse_monomialE //; ring.
rewrite (complex_split k) -/c c0 -/rest IH ?Cmult_0_l ?Cplus_0_l //.
  rewrite -ltnS; apply: leq_trans size_l; rewrite /rest size_filter -(count_predC (same^~ k) l).
  by rewrite -[X in (X < _)%N]add0n ltn_add2r -has_count.
by move=> t; have := zero t; rewrite (real_split k) -/c c0 -/rest Rmult_0_l Rplus_0_l.
Qed.

(* ---- Functions that are exponential polynomials ---- *)

(* F continues f from the real to the complex line, and both are given by the same terms. *)
Definition exponential_polynomial (f : R -> R) (F : C -> C) :=
  exists l, (forall t, f t = real_value l t) /\ (forall z, F z = complex_value l z).

Theorem continuation_zero f F : exponential_polynomial f F -> (forall t, f t = 0) -> forall z, F z = RtoC 0.
Proof.
move=> [l [fl Fl]] zero z; rewrite Fl; apply: exponential_polynomial_zero => t.
by rewrite -fl.
Qed.

Lemma polynomial_ext f F g G : exponential_polynomial f F -> (forall t, g t = f t) -> (forall z, G z = F z) ->
  exponential_polynomial g G.
Proof. by move=> [l [fl Fl]] gf GF; exists l; split=> [t|z]; rewrite ?gf ?GF. Qed.

Lemma polynomial_term c n a : exponential_polynomial (fun t => c * (t ^ n * exp (a * t)))
  (fun z => Cmult (RtoC c) (Cmult (Cpower z n) (Cexp a z))).
Proof. by exists [:: Term c n a]; split=> [t|z] /=; rewrite /monomial /Cmonomial /=; ring. Qed.

Lemma polynomial_exp a b : exponential_polynomial (fun t => exp (a * t + b))
  (fun z => Cmult (RtoC (exp b)) (Cexp a z)).
Proof.
apply: polynomial_ext (polynomial_term (exp b) 0 a) _ _ => [t|z] /=; last by ring.
by rewrite exp_plus; ring.
Qed.

Lemma polynomial_affine a b : exponential_polynomial (fun t => b + a * t)
  (fun z => Cplus (RtoC b) (Cmult (RtoC a) z)).
Proof.
exists [:: Term b 0 0; Term a 1 0]; split=> [t|z] /=.
  by rewrite /monomial /= Rmult_0_l exp_0; ring.
by rewrite /Cmonomial /= Cexp_0; ring.
Qed.

Lemma polynomial_const c : exponential_polynomial (fun _ => c) (fun _ => RtoC c).
Proof. by apply: polynomial_ext (polynomial_affine 0 c) _ _ => [t|z]; [ring | ring]. Qed.

Lemma polynomial_add f F g G : exponential_polynomial f F -> exponential_polynomial g G ->
  exponential_polynomial (fun t => f t + g t) (fun z => Cplus (F z) (G z)).
Proof.
move=> [l [fl Fl]] [k [gk Gk]]; exists (l ++ k); split=> [t|z]; rewrite ?fl ?gk ?Fl ?Gk.
  by elim: (l) => [|m s IH] /=; [ring | rewrite -IH; ring].
by elim: (l) => [|m s IH] /=; [ring | rewrite -IH; ring].
Qed.

Definition term_mult (m k : term) := Term (coef m * coef k) (power m + power k) (rate m + rate k).

Lemma polynomial_mult f F g G : exponential_polynomial f F -> exponential_polynomial g G ->
  exponential_polynomial (fun t => f t * g t) (fun z => Cmult (F z) (G z)).
Proof.
move=> [l [fl Fl]] [k [gk Gk]].
have row m : exponential_polynomial (fun t => coef m * monomial m t * real_value k t)
    (fun z => Cmult (Cmult (RtoC (coef m)) (Cmonomial m z)) (complex_value k z)).
  exists (map (term_mult m) k); split=> [t|z].
    elim: (k) => [|j s IH] /=; first by ring.
    by rewrite -IH /monomial /= Rmult_plus_distr_r exp_plus pow_add; ring.
  elim: (k) => [|j s IH] /=; first by ring.
  by rewrite -IH /Cmonomial /= Cexp_add Cpower_add RtoC_mult; ring.
suff [p [pl Pl]] : exponential_polynomial (fun t => real_value l t * real_value k t)
    (fun z => Cmult (complex_value l z) (complex_value k z)).
  by exists p; split=> [t|z]; rewrite ?fl ?gk ?Fl ?Gk ?pl ?Pl.
elim: (l) => [|m s IH] /=.
  by apply: polynomial_ext (polynomial_const 0) _ _ => [t|z]; ring.
apply: polynomial_ext (polynomial_add (row m) IH) _ _ => [t|z]; ring.
Qed.
