(* Two networks that read their inputs from a common vector, and the union of two clean layers.

   docs/theory/deep-tanh.md (T2: uniqueness), the union net.  A network with n inputs reads input j from entry p_j of
   a vector x, with a sign; then its first layer can be written as one with the inputs x: the extended layer.  Two clean
   layers with the same inputs are, up to signs, parts of one clean layer, their union. *)

From Coq Require Import Reals Lra Classical FunctionalExtensionality List.
From mathcomp Require Import ssreflect ssrfun ssrbool eqtype ssrnat seq choice fintype bigop.
From Coquelicot Require Import Coquelicot.
From LLR Require Import RealSpans LayeredNetwork DeepTanhNetworks.
From LLR Require TwoLayerTanhIndependence.

Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.

Local Open Scope R_scope.

(* s is a bijection from {0, ..., n-1} to {0, ..., n'-1}. *)
Definition bijection (n n' : nat) (s : nat -> nat) :=
  [/\ forall j, (j < n)%N -> (s j < n')%N, forall i j, (i < n)%N -> (j < n)%N -> s i = s j -> i = j
    & forall k, (k < n')%N -> exists2 j, (j < n)%N & s j = k].

(* ---- Signs and choices ---- *)

Lemma sign_mul a b : sign a * sign b = sign (a == b).
Proof. by case: a; case: b => /=; ring. Qed.

Lemma sign_cancel a x y : sign a * x = y -> x = sign a * y.
Proof. by case: a => /=; lra. Qed.

Lemma sign_nonzero a x : x <> 0 -> sign a * x <> 0.
Proof. by case: a => /=; lra. Qed.

Lemma tanh_signed a z : tanh (sign a * z) = sign a * tanh z.
Proof. by rewrite [tanh z](TwoLayerTanhIndependence.tanh_sign a); case: a => /=; ring. Qed.

Lemma choose_below n (P : nat -> nat -> Prop) : (forall j, (j < n)%N -> exists k, P j k) ->
  exists f, forall j, (j < n)%N -> P j (f j).
Proof.
elim: n => [|n IH] all; first by exists id.
have [|f fP] := IH; first by move=> j jn; apply: all; apply: ltnW.
have [k Pk] := all n (ltnSn n); exists (fun j => if j == n then k else f j) => j.
by rewrite ltnS leq_eqVlt; case: eqP => [-> //|_] /= jn; apply: fP.
Qed.

Lemma bijection_size n n' s : bijection n n' s -> n = n'.
Proof.
move=> [inside injective onto]; apply/eqP; rewrite eqn_leq; apply/andP; split.
  pose f (j : 'I_n) : 'I_n' := Ordinal (inside j (ltn_ord j)).
  rewrite -[X in (X <= _)%N]card_ord -[X in (_ <= X)%N]card_ord.
  by apply: (@leq_card _ _ f) => i j /(f_equal val) /= /injective eq; apply: val_inj; apply: eq.
have [g gP] : exists g, forall k, (k < n')%N -> (g k < n)%N /\ s (g k) = k.
  by apply: (choose_below (P := fun k j => (j < n)%N /\ s j = k)) => k /onto [j jn eq]; exists j.
pose f (k : 'I_n') : 'I_n := Ordinal (proj1 (gP k (ltn_ord k))).
rewrite -[X in (X <= _)%N]card_ord -[X in (_ <= X)%N]card_ord.
apply: (@leq_card _ _ f) => k l /(f_equal val) /= eq; apply: val_inj.
by rewrite -[val k](proj2 (gP k (ltn_ord k))) -[val l](proj2 (gP l (ltn_ord l))) eq.
Qed.

(* ---- Networks that read their inputs from a common curve, in some places and with some signs ---- *)

Definition reading (p : nat -> nat) (e : nat -> bool) (x : vec) : vec := fun j => sign (e j) * x (p j).
Definition readable (n m : nat) (p : nat -> nat) :=
  (forall j, (j < n)%N -> (p j < m)%N) /\ forall i j, (i < n)%N -> (j < n)%N -> p i = p j -> i = j.

(* The row of weights for the common curve. *)
Definition extended_row (n : nat) (p : nat -> nat) (e : nat -> bool) (w : vec) (k : nat) : R :=
  \Sum_(j < n | p j == k) (sign (e j) * w j).
Definition extended (n : nat) (p : nat -> nat) (e : nat -> bool) (L : layer) : layer :=
  Layer (width L) (fun i => extended_row n p e (weight L i)) (bias L) (biased L).

Section Reading.

Variables (n m : nat) (p : nat -> nat) (e : nat -> bool).
Hypothesis read : readable n m p.

Lemma extended_row_at (w : vec) j : (j < n)%N -> extended_row n p e w (p j) = sign (e j) * w j.
Proof.
move=> jn; rewrite /extended_row (bigD1 (Ordinal jn)) //= big1 ?Rplus_0_r // => i /andP [/eqP pij ne].
by case/negP: ne; apply/eqP; apply: val_inj => /=; apply: read.2.
Qed.

Lemma extended_row_outside (w : vec) k : extended_row n p e w k <> 0 -> exists2 j, (j < n)%N & p j = k.
Proof.
move=> nz; apply: NNPP => none; apply: nz; rewrite /extended_row big1 // => j /eqP pj.
by case: none; exists j.
Qed.

Lemma extended_row_sum (w x : vec) : \Sum_(j < n) (w j * reading p e x j) = \Sum_(k < m) (extended_row n p e w k * x k).
Proof.
rewrite [RHS](eq_bigr (fun k : 'I_m => \Sum_(j < n) (if p j == k then sign (e j) * w j * x k else 0))) => [|k _].
  rewrite sum_swap; apply: eq_bigr => j _.
  rewrite (@sum_single _ (p j) (fun k => if p j == k then sign (e j) * w j * x k else 0)) => [||k _ /negbTE].
  - by rewrite eqxx /reading; ring.
  - exact: read.1.
  by rewrite eq_sym => ->.
by rewrite /extended_row big_mkcond sum_mulr; apply: eq_bigr => j _; case: ifP => _; ring.
Qed.

Lemma preactivation_extended L x : preactivation m (extended n p e L) x = preactivation n L (reading p e x).
Proof.
apply: functional_extensionality => i; rewrite /preactivation /=; case: ifP => // _.
by rewrite extended_row_sum.
Qed.

Lemma clean_extended L : clean n L -> clean m (extended n p e L).
Proof.
move=> [nonzero distinct]; split=> /= [i iL|i k iL kL ik s [rows offsets]].
  have [j jn nz] := nonzero i iL; exists (p j); first exact: read.1.
  by rewrite extended_row_at //; apply: sign_nonzero.
apply: (distinct i k iL kL ik s); split=> // j jn.
have := rows (p j) (read.1 j jn); rewrite !extended_row_at //.
by case: (e j) => /=; lra.
Qed.

End Reading.

Definition used (n : nat) (L : layer) := forall j, (j < n)%N -> exists2 i, (i < width L)%N & weight L i j <> 0.

(* If the extended rows of two layers correspond, then so do the inputs, which are all used. *)
Lemma match_inputs n n' m p e p' e' L L' t s : readable n m p -> readable n' m p' -> used n L -> used n' L' ->
  bijection (width L) (width L') t ->
  (forall i, (i < width L)%N -> forall k, (k < m)%N ->
     extended_row n' p' e' (weight L' (t i)) k = sign (s i) * extended_row n p e (weight L i) k) ->
  exists f, [/\ bijection n n' f, forall j, (j < n)%N -> p' (f j) = p j &
    forall i j, (i < width L)%N -> (j < n)%N ->
      weight L' (t i) (f j) = sign (s i) * (sign (e j == e' (f j)) * weight L i j)].
Proof.
move=> read read' use use' [t_in t_inj t_onto] rows.
have [f fP] : exists f, forall j, (j < n)%N -> (f j < n')%N /\ p' (f j) = p j.
  apply: (choose_below (P := fun j k => (k < n')%N /\ p' k = p j)) => j jn; have [i iL nz] := use j jn.
  have pjm := read.1 j jn; have := rows i iL (p j) pjm; rewrite (extended_row_at e read (weight L i) jn) => eq.
  have [|k kn' pk] := @extended_row_outside n' p' e' (weight L' (t i)) (p j); last by exists k.
  by rewrite eq; do 2 apply: sign_nonzero.
exists f; split=> [|j jn|i j iL jn]; last 2 first.
- exact: (fP j jn).2.
- have [fn pf] := fP j jn; have := rows i iL (p j) (read.1 j jn).
  rewrite (extended_row_at e read (weight L i) jn) -pf (extended_row_at e' read' (weight L' (t i)) fn).
  move/sign_cancel ->.
  by rewrite -sign_mul; ring.
split=> [j jn|i j iN jn eq|k kn'].
- exact: (fP j jn).1.
- by apply: (read.2 i j iN jn); rewrite -(fP i iN).2 eq (fP j jn).2.
have [i' iL' nz] := use' k kn'; have [i iL ti] := t_onto i' iL'; subst i'.
have := rows i iL (p' k) (read'.1 k kn'); rewrite (extended_row_at e' read' (weight L' (t i)) kn') => eq.
have [|j jn pj] := @extended_row_outside n p e (weight L i) (p' k).
  by move=> zero; apply: (sign_nonzero (a := e' k) nz); rewrite eq zero; ring.
exists j => //; apply: read'.2 => //; first exact: (fP j jn).1.
by rewrite (fP j jn).2.
Qed.

(* ---- The union of two clean layers ---- *)

Lemma union_layer m L1 L2 : clean m L1 -> clean m L2 -> exists V q d, [/\ clean m V, (width L1 <= width V)%N,
  forall i, (i < width L1)%N -> (forall k, (k < m)%N -> weight V i k = weight L1 i k) /\ offset V i = offset L1 i,
  forall i, (i < width L2)%N -> [/\ (q i < width V)%N,
    forall k, (k < m)%N -> weight V (q i) k = sign (d i) * weight L2 i k & offset V (q i) = sign (d i) * offset L2 i]
  & forall i j, (i < width L2)%N -> (j < width L2)%N -> q i = q j -> i = j].
Proof.
move=> clean1 clean2.
have [V [q [d [clV le old new]]]] : exists V (q : nat -> nat) (d : nat -> bool),
    [/\ clean m V, (width L1 <= width V)%N,
    forall i, (i < width L1)%N -> (forall k, (k < m)%N -> weight V i k = weight L1 i k) /\ offset V i = offset L1 i &
    forall i, (i < width L2)%N -> [/\ (q i < width V)%N,
      forall k, (k < m)%N -> weight V (q i) k = sign (d i) * weight L2 i k
      & offset V (q i) = sign (d i) * offset L2 i]].
  have: (width L2 <= width L2)%N by []; move: {1 3}(width L2) => r.
  elim: r => [_|r IH rL2]; first by exists L1, id, (fun _ => true).
  have [V [q [d [clV le old new]]]] := IH (ltnW rL2).
  case: (classic (exists i e, [/\ (i < width V)%N,
      forall k, (k < m)%N -> weight V i k = sign e * weight L2 r k & offset V i = sign e * offset L2 r])).
    move=> [i0 [e [iV rows off]]].
    exists V, (fun i => if i == r then i0 else q i), (fun i => if i == r then e else d i); split=> // i.
    by rewrite ltnS leq_eqVlt; case: eqP => [-> //|_] /= ir; apply: new.
  move=> none.
  pose V' := Layer (width V).+1 (fun i => if i == width V then weight L2 r else weight V i)
    (fun i => if i == width V then offset L2 r else offset V i) true.
  have oldV i : (i < width V)%N -> weight V' i = weight V i /\ offset V' i = offset V i.
    by move=> iV; rewrite /V' /offset /= (ltn_eqF iV).
  have newV : weight V' (width V) = weight L2 r /\ offset V' (width V) = offset L2 r.
    by rewrite /V' /offset /= eqxx.
  exists V', (fun i => if i == r then width V else q i), (fun i => if i == r then true else d i); split.
  - have [nonzero distinct] := clV; split=> [i|i k].
      rewrite [width V']/= ltnS leq_eqVlt => /orP [/eqP ->|iV]; first by rewrite newV.1; apply: clean2.1.
      by rewrite (oldV i iV).1; apply: nonzero.
    have apart i' : (i' < width V)%N -> forall e, ~ ((forall j, (j < m)%N -> weight V i' j = sign e * weight L2 r j)
        /\ offset V i' = sign e * offset L2 r).
      by move=> iV' e [rows off]; apply: none; exists i', e.
    rewrite ![width V']/= !ltnS (leq_eqVlt i) (leq_eqVlt k).
    move=> /orP [/eqP ->|iV] /orP [/eqP ->|kV] // ik e.
    + rewrite !newV.1 !newV.2 (oldV k kV).1 (oldV k kV).2 => -[rows off].
      apply: (apart k kV e); split=> [j jm|]; first by rewrite (rows j jm); case: (e) => /=; ring.
      by rewrite off; case: (e) => /=; ring.
    + by rewrite !newV.1 !newV.2 (oldV i iV).1 (oldV i iV).2; apply: apart.
    by rewrite (oldV i iV).1 (oldV i iV).2 (oldV k kV).1 (oldV k kV).2; apply: distinct.
  - exact: leqW.
  - move=> i iL; have iV := leq_trans iL le.
    by rewrite (oldV i iV).1 (oldV i iV).2; apply: old.
  move=> i ir1; case: (altP (i =P r)) => [->|ne].
    split=> [|k km|]; first exact: ltnSn.
      by rewrite newV.1 /=; ring.
    by rewrite newV.2 /=; ring.
  have ir : (i < r)%N by rewrite ltn_neqAle ne -ltnS.
  have [qV rows off] := new i ir; rewrite (oldV _ qV).1 (oldV _ qV).2; split=> //; exact: ltnW.
exists V, q, d; split=> // i j iL jL eq; apply: NNPP => ij.
have [_ rows_i off_i] := new i iL; have [_ rows_j off_j] := new j jL.
apply: (clean2.2 i j iL jL ij (d i == d j)); rewrite -sign_mul; split=> [k km|].
  by rewrite Rmult_assoc; apply: sign_cancel; rewrite -rows_i // eq rows_j.
by rewrite Rmult_assoc; apply: sign_cancel; rewrite -off_i eq off_j.
Qed.
