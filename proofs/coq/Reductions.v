(* Reductions of networks of any depth and widths: merging clones (R1), dropping units without outgoing weights
   (R2), absorbing units without incoming weights in the next biases (R3).  Each keeps the function, and the tangent
   function space of the reduced network lies in that of the network.

   docs/theory/deep-tanh.md (Reductions).  There sigma = tanh; here sigma and dsigma are any functions, and where R1
   merges sign clones, odd and even (a = -1) or even and odd (a = 1). *)

From Coq Require Import Reals Lra List.
From mathcomp Require Import ssreflect ssrfun ssrbool eqtype ssrnat seq choice fintype bigop.
From LLR Require Import RealSpans LayeredNetwork EmbeddingPrinciple ReductionFates.

Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.

Local Open Scope R_scope.

Section Reductions.

Variables (sigma dsigma : R -> R) (a : R).

Notation parity := (parity sigma dsigma a 0).
Notation reduces_layer := (reduces_layer sigma dsigma a).
Notation reduces_above := (reduces_above sigma dsigma a).
Notation reduces := (reduces sigma dsigma a).
Notation fconstant := (fconstant sigma).
Notation fgain := (fgain a).

(* ---- R1, R2, R3 in one hidden layer ---- *)

Lemma sum_index n (k : nat) (F : nat -> R) : (k < n)%N -> \Sum_(i < n | (i : nat) == k) F i = F k.
Proof. by move=> kn; rewrite (big_pred1 (Ordinal kn)). Qed.

Lemma unchanged_row n (k : nat) (w : nat -> R) : (k < n)%N ->
  \Sum_(j < n | kept unchanged j && (target unchanged j == k)) (fgain unchanged j * w j) = w k.
Proof. by move=> kn; rewrite /= (@sum_index n k (fun j => fgain unchanged j * w j)) // /fgain /= Rmult_1_l. Qed.

Lemma unchanged_shift n (w : nat -> R) : \Sum_(j < n) (fconstant unchanged j * w j) = 0.
Proof. by apply: sum_zero => j _; rewrite /fconstant /= Rmult_0_l. Qed.

Lemma unchanged_layer n L : reduces_layer n n unchanged L L unchanged.
Proof.
split=> // [i iL|k kn]; last by exists k.
split=> //=; split=> // [k kn|]; rewrite /fsign /= Rmult_1_l; first exact: (@unchanged_row n k (weight L i)).
by rewrite (@unchanged_shift n (weight L i)) Rplus_0_r.
Qed.

Lemma unchanged_above N n : exists vs, reduces_above n n unchanged N N vs.
Proof.
elim: N n => [|L N IH] n; first by exists [::].
by have [vs above] := IH (width L); exists (unchanged :: vs); split=> //; apply: unchanged_layer.
Qed.

(* The number of values that enter the layer behind the layers P. *)
Definition fan_in (n : nat) (P : network) : nat := last n [seq width L | L <- P].

Lemma reduces_behind P n N N' vs : reduces_above (fan_in n P) (fan_in n P) unchanged N N' vs ->
  exists ws, reduces_above n n unchanged (P ++ N) (P ++ N') ws.
Proof.
elim: P n => [|L P IH] n red; first by exists vs.
by have [ws above] := IH (width L) red; exists (unchanged :: ws); split=> //; apply: unchanged_layer.
Qed.

(* Two layers L, L2 behind the layers P and before the layers A are replaced. *)
Lemma reduces_pair n P L L2 L' L2' A v :
  reduces_layer (fan_in n P) (fan_in n P) unchanged L L' v ->
  reduces_layer (width L) (width L') v L2 L2' unchanged -> width L2' = width L2 ->
  exists vs, reduces n (P ++ [:: L, L2 & A]) (P ++ [:: L', L2' & A]) vs.
Proof.
move=> lower upper same; have [us rest] := unchanged_above A (width L2).
have [vs red] := @reduces_behind P n [:: L, L2 & A] [:: L', L2' & A] [:: v, unchanged & us]
  (conj lower (conj upper (eq_ind_r (fun m => reduces_above _ m _ _ _ _) rest same))).
by exists vs; split=> //; case: (P).
Qed.

(* Layer L without unit d: the units behind it move up.  bump d i is i for i < d and i + 1 otherwise. *)
Definition without_unit (d : nat) (L : layer) : layer :=
  Layer (width L).-1 (fun i => weight L (bump d i)) (fun i => bias L (bump d i)) (biased L).

(* The next layer L2 without column d: merged, s times column d is added to column j; absorbed, value times column d
   is added to the biases. *)
Definition next_merged (d j : nat) (s : R) (L2 : layer) : layer :=
  Layer (width L2) (fun i k => weight L2 i (bump d k) + (if bump d k == j then s * weight L2 i d else 0))
    (bias L2) (biased L2).
Definition next_dropped (d : nat) (L2 : layer) : layer :=
  Layer (width L2) (fun i k => weight L2 i (bump d k)) (bias L2) (biased L2).
Definition next_absorbed (d : nat) (value : R) (L2 : layer) : layer :=
  Layer (width L2) (fun i k => weight L2 i (bump d k)) (fun i => bias L2 i + value * weight L2 i d) (biased L2).

Lemma unbump_range d i m : (d < m)%N -> (i < m)%N -> i != d -> (unbump d i < m.-1)%N.
Proof.
case: m => // m dm im id; rewrite /unbump /=; case: (ltngtP d i) id => // [di _|id _].
  by case: i di im => // i _; rewrite subn1.
by rewrite subn0 (leq_trans id).
Qed.

Lemma bump_range d k m : (k < m.-1)%N -> (bump d k < m)%N.
Proof. by case: m => // m; rewrite /bump /= ltnS; case: (d <= k)%N; rewrite ?add1n ?add0n ?ltnS // => /ltnW. Qed.

Lemma bump_neq d k : bump d k != d.
Proof. by rewrite eq_sym neq_bump. Qed.

Lemma unbump_eq d i k : i != d -> (unbump d i == k) = (i == bump d k).
Proof. by move=> id; apply/eqP/eqP => [<-|->]; rewrite ?unbumpK ?bumpK. Qed.

Lemma sum_without d m k (F : nat -> R) : (k < m.-1)%N ->
  \Sum_(i < m | ((i : nat) != d) && (unbump d i == k)) F i = F (bump d k).
Proof.
move=> km; rewrite -(@sum_index m (bump d k) F) ?bump_range //; apply: eq_bigl => i.
case: (eqVneq (i : nat) d) => [->|id]; first by rewrite (negbTE (neq_bump d k)).
by rewrite unbump_eq.
Qed.

Lemma reduces_R2 n P L L2 A d : (d < width L)%N ->
  (forall i, (i < width L2)%N -> weight L2 i d = 0) ->
  exists vs, reduces n (P ++ [:: L, L2 & A]) (P ++ [:: without_unit d L, next_dropped d L2 & A]) vs.
Proof.
move=> dL mute.
apply: (@reduces_pair n P _ _ _ _ A
  (Fates (fun i => i != d) (unbump d) (fun _ => false) (fun i => i == d) (fun _ => 0))) => //.
  split=> // [i iL|k kn]; last by exists k.
  split=> //=; case: (eqVneq i d) => id /=; first by left.
  split=> [|k kn|]; first exact: unbump_range.
    by rewrite (@unchanged_row _ k (weight L i)) // /fsign /= Rmult_1_l unbumpK.
  by rewrite (@unchanged_shift _ (weight L i)) Rplus_0_r /fsign /offset /= Rmult_1_l unbumpK.
split=> // [i iL|j jL /negbNE /eqP -> _ i iL|k kn]; last 2 first.
- exact: mute.
- by exists (bump d k); rewrite bump_range //= bump_neq bumpK.
split=> //=; split=> // [k kn|].
  by rewrite (@sum_without d (width L) k (fun j => _ * weight L2 i j)).
rewrite sum_zero => [|j _]; first by rewrite Rplus_0_r /fsign Rmult_1_l.
by rewrite /fconstant /=; case: eqP => _; rewrite Rmult_0_l.
Qed.

Lemma reduces_R3 n P L L2 A d : (d < width L)%N ->
  (forall k, (k < fan_in n P)%N -> weight L d k = 0) -> biased L2 \/ sigma (offset L d) = 0 ->
  exists vs, reduces n (P ++ [:: L, L2 & A])
    (P ++ [:: without_unit d L, next_absorbed d (sigma (offset L d)) L2 & A]) vs.
Proof.
move=> dL none absorb.
apply: (@reduces_pair n P _ _ _ _ A
  (Fates (fun i => i != d) (unbump d) (fun _ => false) (fun _ => false) (fun _ => offset L d))) => //.
  split=> // [i iL|k kn]; last by exists k.
  split=> //=; rewrite (@unchanged_shift _ (weight L i)) Rplus_0_r.
  case: (eqVneq i d) => [->|id] /=.
    by right; split=> // k kn; rewrite (@unchanged_row _ k (weight L d)) // none.
  split=> [|k kn|]; first exact: unbump_range.
    by rewrite (@unchanged_row _ k (weight L i)) // /fsign /= Rmult_1_l unbumpK.
  by rewrite /fsign /offset /= Rmult_1_l unbumpK.
split=> // [i iL|k kn]; last by exists (bump d k); rewrite bump_range //= bump_neq bumpK.
split=> //=; split=> // [k kn|].
  by rewrite (@sum_without d (width L) k (fun j => _ * weight L2 i j)).
rewrite (@sum_single _ d (fun j => fconstant _ j * weight L2 i j)) // => [|j _ jd].
  rewrite /fconstant /fsign /= eqxx /= Rmult_1_l /offset /=.
  by case: (biased L2) absorb => // -[//|]; rewrite /offset => ->; ring.
by rewrite /fconstant /= jd Rmult_0_l.
Qed.

Lemma reduces_R1 n P L L2 A d j (neg : bool) : (d < width L)%N -> (j < width L)%N -> j != d -> (neg -> parity) ->
  let s := if neg then -1 else 1 in
  (forall k, (k < fan_in n P)%N -> weight L d k = s * weight L j k) -> offset L d = s * offset L j ->
  exists vs, reduces n (P ++ [:: L, L2 & A])
    (P ++ [:: without_unit d L, next_merged d j (if neg then a else 1) L2 & A]) vs.
Proof.
move=> dL jL jd par s rows off.
pose u := Fates (fun _ => true) (fun i => unbump d (if i == d then j else i)) (fun i => neg && (i == d))
  (fun _ => false) (fun _ => 0).
apply: (@reduces_pair n P _ _ _ _ A u) => //.
  split=> // [i iL|k kn]; last by exists k.
  split=> /=; first by case/andP => /par.
  have sE : fsign u d = s by rewrite /fsign /= eqxx andbT.
  rewrite (@unchanged_shift _ (weight L i)) Rplus_0_r.
  case: (eqVneq i d) => [->|id]; rewrite ?sE.
    split=> [|k kn|]; first exact: unbump_range.
      by rewrite (@unchanged_row _ k (weight L d)) // unbumpK // rows.
    by rewrite off /offset /= unbumpK.
  have -> : fsign u i = 1 by rewrite /fsign /= (negbTE id) andbF.
  split=> [|k kn|]; first exact: unbump_range.
    by rewrite (@unchanged_row _ k (weight L i)) // Rmult_1_l unbumpK.
  by rewrite /offset /= Rmult_1_l unbumpK.
split=> // [i iL|k kn]; last first.
  by exists (bump d k); rewrite bump_range //= (negbTE (bump_neq d k)) bumpK.
split=> //=; split=> // [k kn|]; last first.
  by rewrite sum_zero => [|l _]; [rewrite Rplus_0_r /fsign Rmult_1_l | rewrite /fconstant /= Rmult_0_l].
rewrite /fsign /= Rmult_1_l big_mkcond /=.
have split_sum : \Sum_(l < width L)
      (if unbump d (if val l == d then j else val l) == k then fgain u l * weight L2 i l else 0)
    = (\Sum_(l < width L) (if (val l != d) && (unbump d l == k) then fgain u l * weight L2 i l else 0))
      + \Sum_(l < width L) (if (val l == d) && (unbump d j == k) then fgain u l * weight L2 i l else 0).
  rewrite -sum_add; apply: eq_bigr => l _.
  by case: (val l == d) => /=; [rewrite Rplus_0_l | rewrite Rplus_0_r].
rewrite split_sum -big_mkcond (@sum_without d (width L) k (fun l => fgain u l * weight L2 i l)) //.
rewrite (@sum_single _ d (fun l => if (l == d) && (unbump d j == k) then fgain u l * weight L2 i l else 0)) //
  => [|l _ /negbTE -> //].
rewrite eqxx /= unbump_eq // (eq_sym j) /fgain /= (negbTE (bump_neq d k)) andbF Rmult_1_l eqxx andbT.
by case: ifP.
Qed.

(* ---- The lemma of deep-tanh.md ---- *)

(* N' has the function of N, and T(N') lies in T(N), on every set X of inputs with coordinates h. *)
Definition reduced n (N N' : network) :=
  (forall x o, output sigma n N' x o = output sigma n N x o) /\
  forall X (h : X -> vec) g, tangent_space sigma dsigma h n N' g -> tangent_space sigma dsigma h n N g.

Lemma reduced_of_fates n N N' : (exists vs, reduces n N N' vs) -> reduced n N N'.
Proof.
move=> [vs red]; split=> [x o|X h]; last exact: reduction_tangent_space red.
by rewrite (reduction_keeps_function red).
Qed.

Theorem reduced_transitive n N1 N2 N3 : reduced n N1 N2 -> reduced n N2 N3 -> reduced n N1 N3.
Proof.
move=> [f12 t12] [f23 t23]; split=> [x o|X h g]; first by rewrite f23 f12.
by move=> /t23 /t12.
Qed.

(* rank(reduced) <= rank(theta). *)
Theorem reduced_rank n N N' X (h : X -> vec) r r' : reduced n N N' ->
  dim (tangent_space sigma dsigma h n N) r -> dim (tangent_space sigma dsigma h n N') r' -> (r' <= r)%N.
Proof. by move=> [_ sub] rank rank'; apply: dim_monotone (sub X h) rank' rank. Qed.

(* R1: unit d of layer L, behind the layers P, is a clone of unit j, negated if neg holds.  It is deleted, and its
   outgoing weights, times a for a negated clone, are added to those of unit j. *)
Theorem reduction_R1 n P L L2 A d j (neg : bool) : (d < width L)%N -> (j < width L)%N -> j != d -> (neg -> parity) ->
  let s := if neg then -1 else 1 in
  (forall k, (k < fan_in n P)%N -> weight L d k = s * weight L j k) -> offset L d = s * offset L j ->
  reduced n (P ++ [:: L, L2 & A]) (P ++ [:: without_unit d L, next_merged d j (if neg then a else 1) L2 & A]).
Proof. by move=> *; apply: reduced_of_fates; apply: reduces_R1. Qed.

(* R2: unit d of layer L has no outgoing weights.  It is deleted. *)
Theorem reduction_R2 n P L L2 A d : (d < width L)%N -> (forall i, (i < width L2)%N -> weight L2 i d = 0) ->
  reduced n (P ++ [:: L, L2 & A]) (P ++ [:: without_unit d L, next_dropped d L2 & A]).
Proof. by move=> *; apply: reduced_of_fates; apply: reduces_R2. Qed.

(* R3: unit d of layer L has no incoming weights.  It is deleted, and its constant value times its outgoing weights
   is added to the next biases.  Allowed if the next layer has biases or the value is zero. *)
Theorem reduction_R3 n P L L2 A d : (d < width L)%N -> (forall k, (k < fan_in n P)%N -> weight L d k = 0) ->
  biased L2 \/ sigma (offset L d) = 0 ->
  reduced n (P ++ [:: L, L2 & A]) (P ++ [:: without_unit d L, next_absorbed d (sigma (offset L d)) L2 & A]).
Proof. by move=> *; apply: reduced_of_fates; apply: reduces_R3. Qed.

End Reductions.
