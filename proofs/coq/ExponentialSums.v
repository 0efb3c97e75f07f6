(* Exponential sums of one real variable, and their order at a complex point.

   An exponential sum is a finite sum of terms c e^(s t) with real c and s.  docs/theory/deep-tanh.md (Independence of
   deep neurons) uses orders of poles; DeepTanhPoles.v uses them for such sums.

     exponential_sum_zero:  a sum that vanishes on an interval vanishes formally: sum c phi(s) = 0 for every function
     phi of the rates s, in particular for phi(s) = e^(s z) with complex z.
     order_product:  orders at a complex point add when sums are multiplied.
     order_exists:   a sum that does not vanish has a finite order. *)

From Coq Require Import Reals Lra Classical FunctionalExtensionality.
From mathcomp Require Import ssreflect ssrfun ssrbool eqtype ssrnat seq choice fintype bigop.
From Coquelicot Require Import Coquelicot.
From LLR Require Import IndependenceExponentials.

Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.

Local Open Scope R_scope.

Lemma Cmult_integral (x y : C) : Cmult x y = RtoC 0 -> x = RtoC 0 \/ y = RtoC 0.
Proof.
move=> xy; case: (classic (x = RtoC 0)) => [|x0]; first by left.
by case: (classic (y = RtoC 0)) => [|y0]; [right | case: (Cmult_neq_0 x y x0 y0)].
Qed.

(* ---- Exponential sums ---- *)

(* A list of pairs (c, s) stands for the sum of c e^(s t); more generally, of c phi(s) for a function phi. *)
Notation esum := (seq (R * R)).
Definition total (phi : R -> R) (F : esum) : R := foldr (fun p s => p.1 * phi p.2 + s) 0 F.
Definition value (F : esum) (t : R) : R := total (fun s => exp (s * t)) F.
Definition derived (F : esum) : esum := [seq (p.1 * p.2, p.2) | p <- F].
Definition scaled (a : R) (F : esum) : esum := [seq (a * p.1, p.2) | p <- F].
Definition product (F G : esum) : esum := flatten [seq [seq (p.1 * q.1, p.2 + q.2) | q <- G] | p <- F].

Lemma total_ext phi psi F : (forall s, phi s = psi s) -> total phi F = total psi F.
Proof. by move=> eq; elim: F => //= p F ->; rewrite eq. Qed.

Lemma total_add phi psi F : total (fun s => phi s + psi s) F = total phi F + total psi F.
Proof. by elim: F => /= [|p F ->]; ring. Qed.

Lemma total_mull a phi F : total (fun s => a * phi s) F = a * total phi F.
Proof. by elim: F => /= [|p F ->]; ring. Qed.

Lemma total_cat phi F G : total phi (F ++ G) = total phi F + total phi G.
Proof. by elim: F => /= [|p F ->]; ring. Qed.

Lemma total_scaled phi a F : total phi (scaled a F) = a * total phi F.
Proof. by elim: F => /= [|p F ->]; ring. Qed.

Lemma total_derived phi F : total phi (derived F) = total (fun s => s * phi s) F.
Proof. by elim: F => //= p F ->; ring. Qed.

Lemma total_product phi F G : total phi (product F G) = total (fun s => total (fun r => phi (s + r)) G) F.
Proof.
elim: F => //= p F <-; rewrite /product /= total_cat; congr (_ + _).
by elim: G => /= [|q G ->]; ring.
Qed.

Lemma value_product F G t : value (product F G) t = value F t * value G t.
Proof.
rewrite /value total_product [RHS]Rmult_comm -total_mull; apply: total_ext => s.
rewrite [RHS]Rmult_comm -total_mull; apply: total_ext => r.
by rewrite -exp_plus; congr exp; ring.
Qed.

Lemma value_derivative F t : is_derive (value F) t (value (derived F) t).
Proof.
rewrite /value; elim: F => [|p F IH] /=; first exact: is_derive_const.
apply: (is_derive_plus (fun t => p.1 * exp (p.2 * t)) _) IH.
by auto_derive => //; ring.
Qed.

(* If all sums of c s^n vanish, then all sums of c phi(s) vanish (Vandermonde). *)
Lemma powers_suffice F : (forall n, total (fun s => s ^ n) F = 0) -> forall phi, total phi F = 0.
Proof.
elim: {F}(size F) {-2}F (leqnn (size F)) => [|n IH] [|[c s0] F] //= size_F zero phi.
pose G := [seq (p.1 * (p.2 - s0), p.2) | p <- F].
have GE psi : total psi G = total (fun s => (s - s0) * psi s) F by rewrite /G; elim: (F) => //= p F' ->; ring.
have G0 : forall psi, total psi G = 0.
  apply: IH => [|k]; first by rewrite size_map.
  rewrite GE; have := zero k.+1; have := zero k => /= z0 z1.
  rewrite (total_ext (psi := fun s => s * s ^ k + - s0 * s ^ k)) => [|s]; last ring.
  rewrite total_add total_mull; nra.
pose psi s := if Req_EM_T s s0 then 0 else (phi s - phi s0) / (s - s0).
have := G0 psi; rewrite GE (total_ext (psi := fun s => phi s + - phi s0 * s ^ 0)) => [|s]; last first.
  by rewrite /psi; case: Req_EM_T => [eq|ne] /=; [rewrite eq; ring | field; lra].
by rewrite total_add total_mull; have := zero 0%N => /=; nra.
Qed.

(* The same with weights chi(s). *)
Lemma weighted_powers_suffice chi F : (forall n, total (fun s => s ^ n * chi s) F = 0) ->
  forall phi, total (fun s => phi s * chi s) F = 0.
Proof.
move=> zero phi; pose G := [seq (p.1 * chi p.2, p.2) | p <- F].
have GE psi : total psi G = total (fun s => psi s * chi s) F by rewrite /G; elim: (F) => //= p F' ->; ring.
by rewrite -GE; apply: powers_suffice => n; rewrite GE.
Qed.

(* A property that holds near t0. *)
Definition near (t0 e : R) (P : R -> Prop) := forall t, Rabs (t - t0) < e -> P t.

Lemma derivative_zero_near (f df : R -> R) t0 e : (forall t, is_derive f t (df t)) ->
  near t0 e (fun t => f t = 0) -> near t0 e (fun t => df t = 0).
Proof.
move=> df_f zero t te; rewrite -(is_derive_unique _ _ _ (df_f t)).
apply: is_derive_unique; apply: (is_derive_ext_loc (fun _ => 0)); last exact: is_derive_const.
have pos : 0 < e - Rabs (t - t0) by lra.
exists (mkposreal _ pos) => u; rewrite /ball /= /AbsRing_ball /abs /minus /plus /opp /= => ut.
rewrite zero //; have := Rabs_triang (u + - t) (t - t0).
by have -> : u + - t + (t - t0) = u - t0 by [ring]; lra.
Qed.

(* An exponential sum that vanishes on an interval vanishes, in the strongest sense. *)
Theorem exponential_sum_zero F t0 e : 0 < e -> near t0 e (fun t => value F t = 0) -> forall phi, total phi F = 0.
Proof.
move=> e0 zero phi.
have all n : total (fun s => s ^ n * exp (s * t0)) F = 0.
  have : near t0 e (fun t => total (fun s => s ^ n * exp (s * t)) F = 0).
    have iterE G t : total (fun s => s ^ n * exp (s * t)) G = value (iter n derived G) t.
      elim: (n) G => [|k IH] G /=; first by apply: total_ext => s; ring.
      rewrite -iterS iterSr -IH total_derived; apply: total_ext => s; ring.
    move=> t te; rewrite iterE; elim: (n) t te => [|k IH] //=.
    exact: derivative_zero_near (value_derivative _) IH.
  by apply; rewrite Rminus_diag_eq // Rabs_R0.
have := weighted_powers_suffice all (fun s => phi s * exp (- (s * t0))).
rewrite (total_ext (psi := phi)) // => s; rewrite Rmult_assoc -exp_plus Rplus_opp_l exp_0; ring.
Qed.

(* ---- Orders at a complex point z ---- *)

Section Order.

Variable z : C.

(* The n-th derivative of the sum at z. *)
Definition re_weight (s : R) : R := fst (Cexp s z).
Definition im_weight (s : R) : R := snd (Cexp s z).
Definition derivative (n : nat) (F : esum) : C :=
  (total (fun s => s ^ n * re_weight s) F, total (fun s => s ^ n * im_weight s) F).

Lemma derivative_cat n F G : derivative n (F ++ G) = Cplus (derivative n F) (derivative n G).
Proof. by rewrite /derivative !total_cat. Qed.

Lemma derivative_scaled n a F : derivative n (scaled a F) = Cmult (RtoC a) (derivative n F).
Proof. by rewrite /derivative !total_scaled /Cmult /=; congr (_, _); ring. Qed.

Lemma derivative_derived n F : derivative n (derived F) = derivative n.+1 F.
Proof. by rewrite /derivative !total_derived; congr (_, _); apply: total_ext => s /=; ring. Qed.

Lemma weights_add s r : Cexp (s + r) z = Cmult (Cexp s z) (Cexp r z). Proof. exact: Cexp_add. Qed.

Lemma derivative0_product F G : derivative 0 (product F G) = Cmult (derivative 0 F) (derivative 0 G).
Proof.
have re s r : re_weight (s + r) = re_weight s * re_weight r + - im_weight s * im_weight r.
  by rewrite /re_weight /im_weight weights_add /Cmult /=; ring.
have im s r : im_weight (s + r) = re_weight s * im_weight r + im_weight s * re_weight r.
  by rewrite /re_weight /im_weight weights_add /Cmult /=; ring.
rewrite /derivative !total_product /Cmult /=.
set P := total _ G; set Q := total (fun s => 1 * im_weight s) G; congr (_, _).
  rewrite (total_ext (psi := fun s => P * (1 * re_weight s) + - Q * (1 * im_weight s))) => [|s].
    by rewrite total_add !total_mull; ring.
  rewrite (total_ext (psi := fun r => re_weight s * (1 * re_weight r) + - im_weight s * (1 * im_weight r))) => [|r].
    by rewrite /P /Q total_add !total_mull; ring.
  by rewrite re; ring.
rewrite (total_ext (psi := fun s => Q * (1 * re_weight s) + P * (1 * im_weight s))) => [|s].
  by rewrite total_add !total_mull; ring.
rewrite (total_ext (psi := fun r => re_weight s * (1 * im_weight r) + im_weight s * (1 * re_weight r))) => [|r].
  by rewrite /P /Q total_add !total_mull; ring.
by rewrite im; ring.
Qed.

(* Product rule. *)
Lemma derivative_product n F G : derivative n.+1 (product F G) =
  Cplus (derivative n (product (derived F) G)) (derivative n (product F (derived G))).
Proof.
have part (w : R -> R) : total (fun s => s ^ n.+1 * w s) (product F G) =
    total (fun s => s ^ n * w s) (product (derived F) G) + total (fun s => s ^ n * w s) (product F (derived G)).
  rewrite !total_product total_derived -total_add; apply: total_ext => s.
  rewrite total_derived -total_mull -total_add; apply: total_ext => r /=; ring.
by rewrite /derivative /Cplus /= !part.
Qed.

(* F has order at least n at z. *)
Definition order_ge (n : nat) (F : esum) := forall i, (i < n)%N -> derivative i F = RtoC 0.

Lemma order_ge_0 F : order_ge 0 F. Proof. by []. Qed.

Lemma order_ge_le m n F : (m <= n)%N -> order_ge n F -> order_ge m F.
Proof. by move=> mn ord i im; apply: ord; apply: leq_trans mn. Qed.

Lemma order_ge_cat n F G : order_ge n F -> order_ge n G -> order_ge n (F ++ G).
Proof. by move=> hF hG i ilt; rewrite derivative_cat hF // hG //; apply: Cplus_0_r. Qed.

Lemma order_ge_scaled n a F : order_ge n F -> order_ge n (scaled a F).
Proof. by move=> hF i ilt; rewrite derivative_scaled hF //; apply: Cmult_0_r. Qed.

Lemma order_ge_derived n F : order_ge n F -> order_ge n.-1 (derived F).
Proof. by case: n => // n hF i ilt; rewrite derivative_derived; apply: hF. Qed.

(* Orders of products add, and the leading derivative is the product of the leading ones, up to a factor > 0. *)
Lemma order_product n m F G : order_ge n F -> order_ge m G -> order_ge (n + m) (product F G) /\
  exists2 N, 0 < N & derivative (n + m) (product F G) = Cmult (RtoC N) (Cmult (derivative n F) (derivative m G)).
Proof.
move eq_k: (n + m)%N => k.
elim: k n m F G eq_k => [|k IH] n m F G.
  case: n => [|//]; case: m => [|//] _ _ _; split=> //; exists 1; first lra.
  by rewrite derivative0_product Cmult_1_l.
move=> eq_k hF hG.
have [left_ge [N1 [N1_ge N1_pos] left]] : order_ge k (product (derived F) G) /\
    exists2 N, 0 <= N /\ ((0 < n)%N -> 0 < N) &
    derivative k (product (derived F) G) = Cmult (RtoC N) (Cmult (derivative n F) (derivative m G)).
  case: n eq_k hF => [|n] eq_k hF.
    have mk : m = k.+1 by [].
    have [ord [N _ eq]] := IH 0%N k (derived F) G erefl (order_ge_0 _)
      (order_ge_le (m := k) (n := m) ltac:(by rewrite mk) hG).
    split=> //; exists 0; first by split; [lra|].
    by rewrite eq hG ?mk // Cmult_0_r Cmult_0_r Cmult_0_l.
  have [ord [N N_pos eq]] := IH n m (derived F) G (ltac:(by case: eq_k)) (order_ge_derived hF) hG.
  by split=> //; exists N; [split; [lra|] | rewrite eq derivative_derived].
have [right_ge [N2 [N2_ge N2_pos] right]] : order_ge k (product F (derived G)) /\
    exists2 N, 0 <= N /\ ((0 < m)%N -> 0 < N) &
    derivative k (product F (derived G)) = Cmult (RtoC N) (Cmult (derivative n F) (derivative m G)).
  case: m eq_k hG {left} => [|m] eq_k hG.
    have nk : n = k.+1 by rewrite -eq_k addn0.
    have [ord [N _ eq]] := IH k 0%N F (derived G) (addn0 k)
      (order_ge_le (m := k) (n := n) ltac:(by rewrite nk) hF) (order_ge_0 _).
    split=> //; exists 0; first by split; [lra|].
    by rewrite eq hF ?nk // Cmult_0_l Cmult_0_r Cmult_0_l.
  have [ord [N N_pos eq]] := IH n m F (derived G) (ltac:(by move: eq_k; rewrite addnS => -[])) hF (order_ge_derived hG).
  by split=> //; exists N; [split; [lra|] | rewrite eq derivative_derived].
have nm_pos : (0 < n)%N \/ (0 < m)%N by case: (n) eq_k => [|?] eq_k; [right; rewrite -[m]add0n eq_k | left].
split.
  case=> [|i] ik; last by rewrite derivative_product left_ge // right_ge //; apply: Cplus_0_r.
  rewrite derivative0_product; case: nm_pos => pos.
    by rewrite hF // Cmult_0_l.
  by rewrite hG // Cmult_0_r.
exists (N1 + N2); first by case: nm_pos => [/N1_pos|/N2_pos]; lra.
by rewrite derivative_product left right RtoC_plus; ring.
Qed.

Lemma order_ge_product n m F G : order_ge n F -> order_ge m G -> order_ge (n + m) (product F G).
Proof. by move=> hF hG; have [] := order_product hF hG. Qed.

(* Every sum that does not vanish has a finite order. *)
Lemma order_exists F : (exists phi, total phi F <> 0) -> exists2 n, order_ge n F & derivative n F <> RtoC 0.
Proof.
move=> [phi nz]; apply: NNPP => none; apply: nz.
have all n : order_ge n F.
  elim: n => [//|n IH] i; rewrite ltnS leq_eqVlt => /orP [/eqP -> {i}|]; last exact: IH.
  by apply: NNPP => ne; apply: none; exists n.
have re : forall psi, total (fun s => psi s * re_weight s) F = 0.
  by apply: weighted_powers_suffice => n; case: (all n.+1 n (ltnSn n)).
have im : forall psi, total (fun s => psi s * im_weight s) F = 0.
  by apply: weighted_powers_suffice => n; case: (all n.+1 n (ltnSn n)).
pose norm s := re_weight s * re_weight s + im_weight s * im_weight s.
have norm_pos s : 0 < norm s.
  rewrite /norm /re_weight /im_weight /Cexp /=; set a := exp _; set b := s * _.
  have -> : a * cos b * (a * cos b) + a * sin b * (a * sin b) = a * a * (Rsqr (sin b) + Rsqr (cos b)).
    by rewrite /Rsqr; ring.
  by rewrite sin2_cos2; have := exp_pos (s * z.1); rewrite -/a; nra.
rewrite (total_ext (psi := fun s => phi s * re_weight s / norm s * re_weight s
  + phi s * im_weight s / norm s * im_weight s)) => [|s].
  by rewrite total_add re im; ring.
by have pos := norm_pos s; rewrite /norm in pos *; field; lra.
Qed.

End Order.
