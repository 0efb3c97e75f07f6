(* The moves of the embedding principle, for networks of any depth and widths: split, sign split, null unit, and
   widening all layers at once.

   docs/theory/embeddings.md (The moves; free expressiveness in width).

   A move replaces the m units of a hidden layer by M units: copies of them, possibly negated, and null units.  A
   copy has the incoming weights and the bias of its unit, up to sign, and gamma_j times its outgoing weights.  This
   file shows that every such replication that satisfies the conditions `faithful` below keeps the function and the
   tangent function space, whatever happens at the same time in the other layers, and that the moves satisfy them. *)

From Coq Require Import Reals Lra FunctionalExtensionality.
From mathcomp Require Import ssreflect ssrfun ssrbool eqtype ssrnat seq choice fintype bigop.
From Coquelicot Require Import Coquelicot.
From LLR Require Import RealSpans LayeredNetwork EmbeddingPrinciple.

Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.

Local Open Scope R_scope.

(* Widths and bias flags of the layers. *)
Definition shape (N : network) : seq (nat * bool) := [seq (width L, biased L) | L <- N].

Lemma shape_shift N p s : shape (shift N p s) = shape N.
Proof.
elim: N p => [|L N IH] [[l i] q]; first by case: l.
case: l => [|l]; first by case: q.
by rewrite /= IH.
Qed.

(* What a layer becomes: its number of units, the units, and the factors gamma of their outgoing weights. *)
Record replication := Replication { count : nat; members : units; factor : nat -> R }.
Definition keep (m : nat) := Replication m identity_units (fun _ => 1).

Definition replicated_layer (r s : replication) (L : layer) : layer :=
  let u := members r in let v := members s in
  Layer (count s)
    (fun i j => if copy v i && copy u j then sign v i * factor r j * weight L (index v i) (index u j) else 0)
    (fun i => if copy v i then sign v i * bias L (index v i) else kappa v i)
    (biased L).

(* The wide network: r says what became of the layer below, rs what the layers of N become. *)
Fixpoint replicate (r : replication) (rs : seq replication) (N : network) : network :=
  match rs, N with
  | s :: rs', L :: N' => replicated_layer r s L :: replicate s rs' N'
  | _, _ => [::]
  end.

Lemma is_derive_scaled (b : R) (f : R -> R) t df : is_derive f t df -> is_derive (fun s => b * f s) t (b * df).
Proof.
move=> hf; apply: (is_derive_eq (is_derive_product (is_derive_const b t) hf)).
by rewrite /zero /=; ring.
Qed.

Lemma replicate_velocity rs r (N : R -> network) t D : velocity N t D ->
  exists D', velocity (fun s => replicate r rs (N s)) t D'.
Proof.
elim: D r rs N => [|V D IH] r [|q rs] N /=.
- by exists [::].
- by move=> nil; exists [::] => s; rewrite nil.
- by exists [::].
move=> [L [N' [Ndef same dW db vel]]].
have [D' vel'] := IH q rs N' vel.
pose u := members r; pose v := members q.
exists (Layer (count q)
  (fun i j => if copy v i && copy u j then sign v i * factor r j * weight V (index v i) (index u j) else 0)
  (fun i => if copy v i then sign v i * bias V (index v i) else 0) (biased (L t)) :: D').
exists (fun s => replicated_layer r q (L s)), (fun s => replicate q rs (N' s)); split=> //= [s|s|i j|bL i].
- by rewrite Ndef.
- by rewrite (proj2 (same s)).
- by rewrite -/u -/v; case: ifP => _; [apply: is_derive_scaled; apply: dW | apply: is_derive_const].
- by rewrite -/v; case: ifP => _; [apply: is_derive_scaled; apply: db | apply: is_derive_const].
Qed.

Section Moves.

Variables (sigma dsigma : R -> R).
Hypothesis sigma_derivative : forall z, is_derive sigma z (dsigma z).
(* a = -1 for an odd, a = 1 for an even activation; used only by replications with negated units. *)
Variable a : R.

Notation parity := (parity sigma dsigma a 0).

(* Conditions for a hidden layer of m units with biases or not (b), the next layer having biases or not (b2). *)
Definition faithful (m : nat) (b b2 : bool) (r : replication) :=
  let v := members r in
  [/\ forall i, (i < count r)%N -> (negated v i -> parity) /\
        (if copy v i then (index v i < m)%N /\ slope a v i * factor r i = beta v i else b \/ kappa v i = 0),
      forall k, (k < m)%N -> \Sum_(i < count r | copy v i && (index v i == k)) (beta v i * sign v i) = 1,
      forall k, (k < m)%N -> \Sum_(j < count r | copy v j && (index v j == k)) (gain a v j * factor r j) = 1
    & b2 \/ forall i, (i < count r)%N -> copy v i \/ sigma (kappa v i) = 0].

Fixpoint all_faithful (sh : seq (nat * bool)) (rs : seq replication) : Prop :=
  match sh, rs with
  | [:: (m, b)], [:: r] => r = keep m
  | (m, b) :: ((m2, b2) :: _) as sh', r :: rs' => faithful m b b2 r /\ all_faithful sh' rs'
  | _, _ => False
  end.

Lemma constant_zero v i : copy v i \/ sigma (kappa v i) = 0 -> constant sigma 0 v i = 0.
Proof. by rewrite /constant; case: (copy v i) => [_|[//|->]//]; case: ifP. Qed.

Lemma sum_pick n (k : nat) (F : nat -> R) : (k < n)%N -> \Sum_(i < n | val i == k) F i = F k.
Proof. by move=> kn; rewrite (big_pred1 (Ordinal kn)). Qed.

Lemma keep_faithful m b b2 : faithful m b b2 (keep m).
Proof.
split=> [i im|k km|k km|]; last by right => i _; left.
- by split=> //=; rewrite im /slope /= Rmult_1_l.
- by rewrite /= (@sum_pick m k (fun i => 1 * sign identity_units i)) // /sign /= Rmult_1_l.
- by rewrite /= (@sum_pick m k (fun i => gain a identity_units i * 1)) // /gain /= Rmult_1_l.
Qed.

(* The weights satisfy (F), (B) and (D). *)
Lemma replicated_forward r s L m :
  (forall k, (k < m)%N -> \Sum_(j < count r | copy (members r) j && (index (members r) j == k))
                             (gain a (members r) j * factor r j) = 1) ->
  (forall i, (i < count s)%N -> (negated (members s) i -> parity) /\
     (if copy (members s) i then is_true (index (members s) i < width L)%N else biased L \/ kappa (members s) i = 0)) ->
  forward sigma dsigma a 0 (count r) m (members r) (replicated_layer r s L) L (members s).
Proof.
move=> ones members_ok i iL; have [par cond] := members_ok i iL; split=> //.
have consts : \Sum_(j < count r) (constant sigma 0 (members r) j * weight (replicated_layer r s L) i j) = 0.
  apply: sum_zero => j _ /=; case cj: (copy (members r) j); last by rewrite andbF Rmult_0_r.
  by rewrite constant_zero ?Rmult_0_l; [|left].
have rows k : (k < m)%N -> \Sum_(j < count r | copy (members r) j && (index (members r) j == k))
    (gain a (members r) j * weight (replicated_layer r s L) i j)
    = if copy (members s) i then sign (members s) i * weight L (index (members s) i) k else 0.
  move=> km; case ci: (copy (members s) i); last first.
    by apply: sum_zero => j _; rewrite /= ci Rmult_0_r.
  rewrite -[RHS]Rmult_1_r -(ones k km) big_distrr /=; apply: eq_bigr => j /andP[cj /eqP jk].
  by rewrite ci cj /= jk; ring.
rewrite consts Rplus_0_r; case: ifP cond rows => ci cond rows; last first.
  split=> [k km|]; first by rewrite rows.
  by rewrite /offset /= ci; case: cond => [->|->] //; case: ifP.
by split=> //; rewrite /offset /= ci; case: ifP => _ //; ring.
Qed.

Lemma replicated_backward r s L m b b2 : faithful m b b2 r ->
  (forall k, (k < width L)%N -> \Sum_(i < count s | copy (members s) i && (index (members s) i == k))
                                   (beta (members s) i * sign (members s) i) = 1) ->
  backward dsigma a (count r) (members r) (replicated_layer r s L) L (members s).
Proof.
move=> [cond _ _ _] ones j jr; have [_] := cond j jr; case: ifP => cj cond_j; last first.
  by left=> k kL; apply: sum_zero => i _; rewrite /= cj andbF Rmult_0_r.
move=> k kL; have [_ <-] := cond_j.
have -> : \Sum_(i < count s | copy (members s) i && (index (members s) i == k))
    (beta (members s) i * weight (replicated_layer r s L) i j) = (factor r j * weight L k (index (members r) j))
    * \Sum_(i < count s | copy (members s) i && (index (members s) i == k)) (beta (members s) i * sign (members s) i).
  rewrite big_distrr /=; apply: eq_bigr => i /andP[ci /eqP ik].
  by rewrite ci cj /= ik; ring.
by rewrite ones // Rmult_1_r Rmult_assoc.
Qed.

Lemma all_faithful_head m b sh r rs : all_faithful ((m, b) :: sh) (r :: rs) -> exists b2, faithful m b b2 r.
Proof.
case: sh => [|[m2 b2] sh]; last by move=> [good _]; exists b2.
by case: rs => [/= ->|//]; exists b; apply: keep_faithful.
Qed.

Lemma replicated_compatible_above N m b r rs : all_faithful ((m, b) :: shape N) (r :: rs) ->
  compatible_above sigma dsigma a 0 (count r) m (members r) (replicate r rs N) N (map members rs).
Proof.
elim: N m b r rs => [|L N IH] m b r rs.
  by case: rs => [/= ->|//]; split=> // i _.
case: rs => [[_]|s rs [good rest]]; first by case: N {IH}.
have [b3 [members_ok ones _ _]] := all_faithful_head rest.
have [_ _ gains silent] := good; split.
- apply: replicated_forward gains _ => i iL; have [par cond] := members_ok i iL; split=> //.
  by case: ifP cond => // _ [].
- exact: replicated_backward good ones.
- case: (boolP (biased L)) => bL; [by left | right; right; split=> // j jr].
  by case: silent => [b2|zero]; [rewrite b2 in bL | apply: constant_zero; apply: zero].
- exact: IH rest.
Qed.

Lemma replicated_compatible n N rs : N <> [::] -> all_faithful (shape N) rs ->
  compatible sigma dsigma a 0 n (replicate (keep n) rs N) N (map members rs).
Proof.
case: N rs => [|L N] [|s rs] //= _; first by case: (shape N) => [|[]].
move=> rest; have [b2 [members_ok ones _ _]] := all_faithful_head rest; split.
- have [_ _ gains _] := keep_faithful n true true.
  apply: (replicated_forward gains) => i iL; have [par cond] := members_ok i iL; split=> //.
  by case: ifP cond => // _ [].
- case: (boolP (biased L)) => bL; [by left | by right; right; split].
- exact: replicated_compatible_above rest.
Qed.

(* Replications that satisfy the conditions keep the function and the tangent function space, at every parameter. *)
Theorem replication_keeps_tangent_space n X (h : X -> vec) sh rs : sh <> [::] -> all_faithful sh rs ->
  forall N, shape N = sh ->
    (forall x o, output sigma n (replicate (keep n) rs N) x o = output sigma n N x o) /\
    (forall g, tangent_space sigma dsigma h n (replicate (keep n) rs N) g <-> tangent_space sigma dsigma h n N g).
Proof.
move=> nonempty good.
apply: (compatible_embedding (a := a) (c := 0) h sigma_derivative) => t.
- move=> p shape_t _; apply: filter_forall => s; by rewrite shape_shift.
- by move=> p _ _; apply: replicate_velocity; apply: velocity_shift.
move=> shape_t; exists (map members rs); apply: replicated_compatible; last by rewrite shape_t.
by move=> empty; apply: nonempty; rewrite -shape_t empty.
Qed.

(* ---- The moves ---- *)

(* The move r in hidden layer l, all other layers as before. *)
Fixpoint move_at (l : nat) (r : replication) (sh : seq (nat * bool)) : seq replication :=
  match sh, l with
  | (m, _) :: sh', 0%N => r :: [seq keep e.1 | e <- sh']
  | (m, _) :: sh', l'.+1 => keep m :: move_at l' r sh'
  | [::], _ => [::]
  end.

Lemma keep_all_faithful sh : sh <> [::] -> all_faithful sh [seq keep e.1 | e <- sh].
Proof.
elim: sh => // -[m b] [|[m2 b2] sh] IH _ //=.
by split; [apply: keep_faithful | apply: IH].
Qed.

Lemma move_at_faithful l r sh : (l.+1 < size sh)%N ->
  faithful (nth (0%N, false) sh l).1 (nth (0%N, false) sh l).2 (nth (0%N, false) sh l.+1).2 r ->
  all_faithful sh (move_at l r sh).
Proof.
elim: sh l => // -[m b] [|[m2 b2] sh] IH [|l] //= size_sh good.
  by split=> //; apply: (@keep_all_faithful ((m2, b2) :: sh)).
split; first exact: keep_faithful.
by have := IH l size_sh good.
Qed.

(* Split unit k, with ratio alpha, into unit k and the new unit m, which is negated if neg holds. *)
Definition split_unit (m k : nat) (alpha : R) (neg : bool) : replication :=
  let part (s : R) := fun i : nat => if i == m then s * (1 - alpha) else if i == k then alpha else 1 in
  Replication m.+1
    (Units (fun _ => true) (fun i => if i == m then k else i) (fun i => neg && (i == m))
       (part (if neg then -1 else 1)) (fun _ => 0))
    (part (if neg then a else 1)).

(* A new unit m with argument kappa, all its incoming and outgoing weights zero. *)
Definition null_unit (m : nat) (kappa0 : R) : replication :=
  Replication m.+1 (Units (fun i => i != m) (fun i => i) (fun _ => false) (fun _ => 1) (fun _ => kappa0)) (fun _ => 1).

(* M units instead of m <= M: the units m, m + 1, ... are clones of unit 0 without outgoing weights. *)
Definition fill_up (m M : nat) : replication :=
  let old (i : nat) := if (i < m)%N then 1 else 0 in
  Replication M (Units (fun _ => true) (fun i => if (i < m)%N then i else 0%N) (fun _ => false) old (fun _ => 0)) old.

Lemma sum_split m k k' (F : nat -> R) : (k < m)%N -> (k' < m)%N ->
  \Sum_(i < m.+1 | (if val i == m then k else val i) == k') F i = F k' + (if k == k' then F m else 0).
Proof.
move=> km k'm; rewrite big_mkcond big_ord_recr /= eqxx; congr (_ + _).
rewrite (@sum_single m k' (fun i => if (if i == m then k else i) == k' then F i else 0)) // => [|i im ik].
  by rewrite (ltn_eqF k'm) eqxx.
by rewrite (ltn_eqF im) (negbTE ik).
Qed.

Theorem split_faithful m k alpha (neg : bool) b b2 : (k < m)%N -> (neg -> parity) ->
  faithful m b b2 (split_unit m k alpha neg).
Proof.
move=> km par; split=> [i iM|k' k'm|k' k'm|]; last by right => i _; left.
- split=> /=; first by case/andP => /par.
  split; first by case: (eqVneq i m) => // im; rewrite ltn_neqAle im -ltnS.
  rewrite /slope /=; case: (i == m); last by rewrite andbF Rmult_1_l.
  rewrite andbT {iM}; case: neg par => [par|_]; last by ring.
  have [square _] := par isT.
  by transitivity (- (a * a) * (1 - alpha)); [ring | rewrite square; ring].
- rewrite /= (@sum_split m k k' (fun i => (if i == m then (if neg then -1 else 1) * (1 - alpha)
    else if i == k then alpha else 1) * (if neg && (i == m) then -1 else 1))) //.
  rewrite eqxx andbT (ltn_eqF k'm) andbF (eq_sym k k').
  by case: (k' == k); case: neg {par}; ring.
- rewrite /= (@sum_split m k k' (fun i => (if neg && (i == m) then a else 1) *
    (if i == m then (if neg then a else 1) * (1 - alpha) else if i == k then alpha else 1))) //.
  rewrite eqxx andbT (ltn_eqF k'm) andbF (eq_sym k k').
  case: (k' == k); case: neg par => [par|_]; try ring.
  have [square _] := par isT.
  by transitivity (alpha + (a * a) * (1 - alpha)); [ring | rewrite square; ring].
Qed.

Theorem null_faithful m kappa0 (b b2 : bool) : b \/ kappa0 = 0 -> b2 \/ sigma kappa0 = 0 ->
  faithful m b b2 (null_unit m kappa0).
Proof.
have one k : (k < m)%N -> \Sum_(i < m.+1 | (val i != m) && (val i == k)) (1 * 1) = 1.
  move=> km; rewrite big_mkcond.
  rewrite (@sum_single m.+1 k (fun i => if (i != m) && (i == k) then 1 * 1 else 0)) => [|| i _ /negbTE ->].
  - by rewrite eqxx (ltn_eqF km) /=; ring.
  - exact: ltnW.
  - by rewrite andbF.
move=> hb h2; split=> [i iM|k km|k km|].
- split=> //=; case: ifP => im //; rewrite /slope /=; split; last by ring.
  by rewrite ltn_neqAle im -ltnS.
- exact: one.
- rewrite -(one k km); apply: eq_bigr => i /= /andP[im _].
  by rewrite /gain /= im.
- by case: h2 => [h2|h2]; [left | right => i _; right].
Qed.

Theorem fill_faithful m M b b2 : (0 < m)%N -> (m <= M)%N -> faithful m b b2 (fill_up m M).
Proof.
move=> m0 mM.
have one k : (k < m)%N ->
    \Sum_(i < M | (if (val i < m)%N then val i else 0%N) == k) ((if (val i < m)%N then 1 else 0) * 1) = 1.
  move=> km; rewrite big_mkcond (@sum_single M k (fun i => if (if (i < m)%N then i else 0%N) == k
    then (if (i < m)%N then 1 else 0) * 1 else 0)) => [||i _ ik].
  - by rewrite km eqxx; ring.
  - exact: leq_trans mM.
  - by case: (i < m)%N; [rewrite (negbTE ik) | case: ifP => _ //; ring].
split=> [i iM|k km|k km|]; last by right => i _; left.
- split=> //=; rewrite /slope /= Rmult_1_l; split=> //.
  by case: ifP.
- exact: one.
- by rewrite -(one k km); apply: eq_bigr => i _; rewrite /gain /=; ring.
Qed.

(* Split (neg = false: always; neg = true, sign split: for an odd (a = -1) or even (a = 1) activation). *)
Theorem split_keeps_tangent_space n X (h : X -> vec) N l k alpha (neg : bool) :
  (l.+1 < size N)%N -> (k < (nth (0%N, false) (shape N) l).1)%N -> (neg -> parity) ->
  let N1 := replicate (keep n) (move_at l (split_unit (nth (0%N, false) (shape N) l).1 k alpha neg) (shape N)) N in
  (forall x o, output sigma n N1 x o = output sigma n N x o) /\
  (forall g, tangent_space sigma dsigma h n N1 g <-> tangent_space sigma dsigma h n N g).
Proof.
move=> hidden km par.
apply: (replication_keeps_tangent_space n h (sh := shape N)) => //; first by case: N hidden {km}.
by apply: move_at_faithful; [rewrite size_map | apply: split_faithful].
Qed.

(* Null unit: with the argument kappa = its bias (0 in a layer without biases), if sigma(kappa) = 0 or the next
   layer has biases. *)
Theorem null_keeps_tangent_space n X (h : X -> vec) N l kappa0 :
  (l.+1 < size N)%N -> (nth (0%N, false) (shape N) l).2 \/ kappa0 = 0 ->
  (nth (0%N, false) (shape N) l.+1).2 \/ sigma kappa0 = 0 ->
  let N1 := replicate (keep n) (move_at l (null_unit (nth (0%N, false) (shape N) l).1 kappa0) (shape N)) N in
  (forall x o, output sigma n N1 x o = output sigma n N x o) /\
  (forall g, tangent_space sigma dsigma h n N1 g <-> tangent_space sigma dsigma h n N g).
Proof.
move=> hidden hb h2.
apply: (replication_keeps_tangent_space n h (sh := shape N)) => //; first by case: N hidden {hb h2}.
by apply: move_at_faithful; [rewrite size_map | apply: null_faithful].
Qed.

(* The same depth, inputs, outputs and biases, and no hidden layer wider (nor empty in the narrow network). *)
Fixpoint narrower (sh' sh : seq (nat * bool)) : Prop :=
  match sh', sh with
  | [:: (m', b')], [:: (m, b)] => m' = m /\ b' = b
  | (m', b') :: rest', (m, b) :: rest => [/\ (0 < m')%N, (m' <= m)%N, b' = b & narrower rest' rest]
  | _, _ => False
  end.

Fixpoint fill_all (sh' sh : seq (nat * bool)) : seq replication :=
  match sh', sh with
  | [:: (m', _)], _ => [:: keep m']
  | (m', _) :: rest', (m, _) :: rest => fill_up m' m :: fill_all rest' rest
  | _, _ => [::]
  end.

Lemma fill_all_faithful sh' sh : narrower sh' sh -> all_faithful sh' (fill_all sh' sh).
Proof.
elim: sh' sh => [|[m' b'] [|[m2 b2] sh'] IH] [|[m b] sh] //.
move=> [m0 mm _ rest]; have {}IH := IH _ rest; split; first exact: fill_faithful.
exact: IH.
Qed.

Lemma shape_fill_all r N sh : narrower (shape N) sh -> shape (replicate r (fill_all (shape N) sh) N) = sh.
Proof.
elim: N r sh => [|L [|L2 N] IH] r [|[m b] sh] //.
  by case: sh => [[/= <- <-]|e sh [_ _ _ []]].
move=> [_ _ <- rest]; rewrite -[in RHS](IH (fill_up (width L) m) sh rest).
by [].
Qed.

(* Free expressiveness in width: every narrow network has a wide one with the same function and tangent functions. *)
Theorem widening n X (h : X -> vec) sh N : narrower (shape N) sh -> exists N1,
  [/\ shape N1 = sh, forall x o, output sigma n N1 x o = output sigma n N x o
    & forall g, tangent_space sigma dsigma h n N1 g <-> tangent_space sigma dsigma h n N g].
Proof.
move=> narrow; exists (replicate (keep n) (fill_all (shape N) sh) N).
have nonempty : shape N <> [::] by case: (shape N) sh narrow.
have [same spaces] := replication_keeps_tangent_space n h nonempty (fill_all_faithful narrow) erefl.
by split=> //; apply: shape_fill_all.
Qed.

End Moves.
