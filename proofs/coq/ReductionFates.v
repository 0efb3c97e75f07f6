(* Networks that reduce to smaller ones: the function is kept, and the tangent function space of the reduced network
   lies in that of the network.  Any number of reductions, in any layers, at once; Reductions.v derives R1, R2 and
   R3.

   docs/theory/deep-tanh.md (Reductions).  No differentiation is needed: the statements are about the back-
   propagated tangent functions, which LayeredNetwork.v proves to be the derivatives. *)

From Coq Require Import Reals Lra List.
From mathcomp Require Import ssreflect ssrfun ssrbool eqtype ssrnat seq choice fintype bigop.
From LLR Require Import RealSpans LayeredNetwork EmbeddingPrinciple.

Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.

Local Open Scope R_scope.

(* What becomes of the units of one layer: kept as (part of) the unit `target` of the reduced layer, up to sign; or
   silent, all outgoing weights being zero; or of the constant argument `level`. *)
Record fates := Fates { kept : nat -> bool; target : nat -> nat; flipped : nat -> bool;
                        silent : nat -> bool; level : nat -> R }.
Definition unchanged := Fates (fun _ => true) (fun i => i) (fun _ => false) (fun _ => false) (fun _ => 0).

Section Fates.

Variables (sigma dsigma : R -> R).
(* a = -1 for an odd, a = 1 for an even activation; used only where units are flipped. *)
Variable a : R.

Notation parity := (parity sigma dsigma a 0).
Notation sensitivity := (sensitivity sigma dsigma).

Definition fsign (u : fates) i : R := if flipped u i then -1 else 1.
Definition fgain (u : fates) i : R := if flipped u i then a else 1.
Definition fconstant (u : fates) i : R := if kept u i || silent u i then 0 else sigma (level u i).

(* Conditions on a layer L and its reduction L', between the fates u of the n units below and v of the units above. *)
Definition reduces_layer n n' (u : fates) (L L' : layer) (v : fates) :=
  let row i k := \Sum_(j < n | kept u j && (target u j == k)) (fgain u j * weight L i j) in
  let shifted i := offset L i + \Sum_(j < n) (fconstant u j * weight L i j) in
  [/\ forall i, (i < width L)%N -> (flipped v i -> parity) /\
        if kept v i then
          [/\ (target v i < width L')%N, forall k, (k < n')%N -> row i k = fsign v i * weight L' (target v i) k
            & shifted i = fsign v i * offset L' (target v i)]
        else silent v i \/ ((forall k, (k < n')%N -> row i k = 0) /\ shifted i = level v i),
      forall j, (j < n)%N -> ~~ kept u j -> silent u j -> forall i, (i < width L)%N -> weight L i j = 0,
      forall k, (k < n')%N -> exists j, [/\ (j < n)%N, kept u j & target u j = k]
    & biased L' -> biased L].

Fixpoint reduces_above n n' (u : fates) (N N' : network) (vs : seq fates) : Prop :=
  match N, N', vs with
  | L :: M, L' :: M', v :: vs' =>
      reduces_layer n n' u L L' v /\ reduces_above (width L) (width L') v M M' vs'
  | [::], [::], [::] => n = n' /\ forall i, (i < n)%N -> [/\ kept u i, target u i = i & ~~ flipped u i]
  | _, _, _ => False
  end.

(* N reduces to N': both have the n inputs, and the outputs are unchanged. *)
Definition reduces n (N N' : network) (vs : seq fates) : Prop := reduces_above n n unchanged N N' vs /\ N <> [::].

Definition arguments_reduce n n' (u : fates) (z z' : vec) :=
  forall i, (i < n)%N -> (flipped u i -> parity) /\
    if kept u i then (target u i < n')%N /\ z i = fsign u i * z' (target u i) else ~~ silent u i -> z i = level u i.
Definition values_reduce n n' (u : fates) (h h' : vec) :=
  forall i, (i < n)%N -> (flipped u i -> parity) /\
    if kept u i then (target u i < n')%N /\ h i = fgain u i * h' (target u i)
    else ~~ silent u i -> h i = sigma (level u i).

Lemma outputs_kept n n' u N' vs : reduces_above n n' u [::] N' vs -> forall i, (i < n)%N -> kept u i.
Proof. by case: N' vs => [|L' N'] [|v vs] //= [_ last] i /last []. Qed.

Lemma activation_reduces n n' u z z' : arguments_reduce n n' u z z' ->
  values_reduce n n' u (activation sigma z) (activation sigma z').
Proof.
move=> agree i iN; have [par cond] := agree i iN; split=> //.
case: (kept u i) cond => [[range zi]|zi loud]; last by rewrite /activation zi.
split=> //; rewrite /activation zi /fsign /fgain; case: ifP => neg; last by rewrite !Rmult_1_l.
have [_ [odd _]] := par neg.
by rewrite -[RHS]Rplus_0_r -odd; congr sigma; ring.
Qed.

Lemma values_unchanged n h : values_reduce n n unchanged h h.
Proof. by move=> i iN; split=> //=; rewrite /fgain /= Rmult_1_l. Qed.

Lemma reduced_step n n' u L L' v h h' : values_reduce n n' u h h' -> reduces_layer n n' u L L' v ->
  arguments_reduce (width L) (width L') v (preactivation n L h) (preactivation n' L' h').
Proof.
move=> agree [rows mute _ _] i iL; have [par cond] := rows i iL; split=> //.
have sum : preactivation n L h i
    = (\Sum_(k < n') ((\Sum_(j < n | kept u j && (target u j == k)) (fgain u j * weight L i j)) * h' k))
      + (offset L i + \Sum_(j < n) (fconstant u j * weight L i j)).
  rewrite /preactivation iL.
  have -> : \Sum_(j < n) (weight L i j * h j) =
      (\Sum_(j < n | kept u j) (fgain u j * weight L i j * h' (target u j)))
      + \Sum_(j < n) (fconstant u j * weight L i j).
    rewrite [X in _ = X + _]big_mkcond /= -sum_add; apply: eq_bigr => j _.
    have [_] := agree j (ltn_ord j); rewrite /fconstant; case: (boolP (kept u j)) => kj.
      by move=> [_ ->] /=; ring.
    case: (boolP (silent u j)) => sj hj /=; last by rewrite hj //; ring.
    by rewrite (mute j (ltn_ord j) kj sj i iL); ring.
  rewrite (@sum_by_index n n' (kept u) (target u) (fun j => fgain u j * weight L i j) h') => [|j jn kj]; first by ring.
  by have [_] := agree j jn; rewrite kj => -[].
case: ifP cond => ki; last first.
  case=> [-> //|[zero <-] _]; rewrite sum big1 ?Rplus_0_l // => k _.
  by rewrite zero ?Rmult_0_l.
move=> [range row off]; split=> //.
rewrite sum off /preactivation range Rmult_plus_distr_l sum_mull; congr (_ + _).
by apply: eq_bigr => k _; rewrite row // Rmult_assoc.
Qed.

Lemma value_reduced N n n' u N' vs z z' : reduces_above n n' u N N' vs -> arguments_reduce n n' u z z' ->
  (forall i, (n <= i)%N -> z i = 0) -> (forall i, (n' <= i)%N -> z' i = 0) ->
  forall o, value sigma n N z o = value sigma n' N' z' o.
Proof.
elim: N n n' u N' vs z z' => [|L N IH] n n' u [|L' N'] [|v vs] z z' //=.
  move=> [<- last] agree out out' o; case: (ltnP o n) => on; last by rewrite out ?out'.
  have [kept_o id pos] := last o on; have [_] := agree o on.
  by rewrite kept_o id /fsign (negbTE pos) Rmult_1_l => -[].
move=> [layer above] agree _ _ o.
apply: IH above _ _ _ o; try by move=> i; apply: preactivation_outside.
exact: reduced_step (activation_reduces agree) layer.
Qed.

(* The sensitivity of a reduced unit is the sum of those of its parts, with their signs; silent units have none. *)
Lemma sensitivity_reduced N n n' u N' vs z z' : reduces_above n n' u N N' vs -> arguments_reduce n n' u z z' ->
  forall o,
  (forall k, (k < n')%N -> \Sum_(i < n | kept u i && (target u i == k)) (fsign u i * sensitivity n N z o i)
                           = sensitivity n' N' z' o k) /\
  (N <> [::] -> forall i, (i < n)%N -> ~~ kept u i -> silent u i -> sensitivity n N z o i = 0).
Proof.
elim: N n n' u N' vs z z' => [|L N IH] n n' u [|L' N'] [|v vs] z z' //=.
  move=> [<- last] _ o; split=> // k kn.
  rewrite big_mkcond (@sum_single n k (fun i => if kept u i && (target u i == k)
    then fsign u i * (if o == i then 1 else 0) else 0)) // => [|i iN ik].
    by have [-> -> pos] := last k kn; rewrite eqxx /fsign (negbTE pos) /= Rmult_1_l.
  by have [-> -> _] := last i iN; rewrite (negbTE ik).
move=> [layer above] agree o.
have step := reduced_step (activation_reduces agree) layer.
have [merged quiet] := IH _ _ _ _ _ _ _ above step o.
set S := sensitivity _ N _ o in merged quiet *; set S' := sensitivity _ N' _ o in merged *.
have [rows mute _ _] := layer; split=> [k kn|_ j jn kj sj]; last first.
  by rewrite big1 ?Rmult_0_r // => i _; rewrite mute // Rmult_0_r.
have part i : (i < n)%N -> kept u i && (target u i == k) ->
    fsign u i * (dsigma (z i) * \Sum_(p < width L) (S p * weight L p i))
    = dsigma (z' k) * \Sum_(p < width L) (S p * (fgain u i * weight L p i)).
  move=> iN /andP[ki /eqP ik].
  have slopes : fsign u i * dsigma (z i) = fgain u i * dsigma (z' k).
    have [par] := agree i iN; rewrite ki ik => -[_ ->]; rewrite /fsign /fgain.
    case: ifP => neg; last by rewrite !Rmult_1_l.
    have [_ [_ even]] := par neg.
    have -> : -1 * z' k = - z' k by ring.
    by rewrite even; ring.
  rewrite -Rmult_assoc slopes (Rmult_comm (fgain u i)) Rmult_assoc; congr (_ * _).
  by rewrite sum_mull; apply: eq_bigr => p _; ring.
transitivity (dsigma (z' k) * \Sum_(p < width L) (S p *
    \Sum_(i < n | kept u i && (target u i == k)) (fgain u i * weight L p i))).
  rewrite (eq_bigr (fun i : 'I_n =>
    dsigma (z' k) * \Sum_(p < width L) (S p * (fgain u i * weight L p i)))) => [|i cond].
    rewrite -big_distrr /=; congr (_ * _); rewrite exchange_big /=; apply: eq_bigr => p _.
    by rewrite big_distrr.
  exact: part.
congr (_ * _).
transitivity (\Sum_(p < width L | kept v p) (fsign v p * S p * weight L' (target v p) k)).
  rewrite [RHS]big_mkcond /=; apply: eq_bigr => p _.
  have [_] := rows p (ltn_ord p); case: (boolP (kept v p)) => kp.
    by move=> [_ row _]; rewrite row //; ring.
  case=> [sp|[zero _]]; last by rewrite zero // Rmult_0_r.
  rewrite quiet // ?Rmult_0_l // => N0; move: above; rewrite N0 => /outputs_kept/(_ p (ltn_ord p)).
  by rewrite (negbTE kp).
rewrite (@sum_by_index _ (width L') (kept v) (target v) (fun p => fsign v p * S p)
  (fun q => weight L' q k)) => [|p pL kp].
  by apply: eq_bigr => q _; rewrite merged.
by have [_] := rows p pL; rewrite kp => -[].
Qed.

Lemma tangent_sum X (h : X -> vec) n L N (P : nat -> bool) (b : nat -> R) q :
  (forall i, (i < width L)%N -> P i -> is_param n (L :: N) (0%N, i, q)) ->
  tangent_space sigma dsigma h n (L :: N)
    (fun x o => \Sum_(i < width L | P i) (b i * tangent sigma dsigma n (L :: N) (h x) (0%N, val i, q) o)).
Proof.
move=> valid; apply: (span_ext (span_sum (F := fun (i : 'I_(width L)) x o =>
    (if P i then b i else 0) *
    (if P i then tangent sigma dsigma n (L :: N) (h x) (0%N, val i, q) o else 0)) _)) => [i|x o].
  case Pi: (P i); last by apply: span_scale; apply: span_zero.
  by apply: span_scale; apply: span_generator; exists (0%N, val i, q); first exact: valid (ltn_ord i) Pi.
by rewrite big_mkcond; apply: eq_bigr => i _; case: (P i) => //; rewrite Rmult_0_l.
Qed.

Lemma tangents_reduced_first N n n' u L N' L' v vs X (h h' : X -> vec) :
  (forall x, arguments_reduce (width L) (width L') v (preactivation n L (h x)) (preactivation n' L' (h' x))) ->
  (forall x, values_reduce n n' u (h x) (h' x)) -> reduces_layer n n' u L L' v ->
  reduces_above (width L) (width L') v N N' vs ->
  forall k q, is_param n' (L' :: N') (0%N, k, q) ->
  tangent_space sigma dsigma h n (L :: N) (fun x => tangent sigma dsigma n' (L' :: N') (h' x) (0%N, k, q)).
Proof.
move=> step agree [_ _ onto bias_ok] above k q valid.
have kL : (k < width L')%N by case: q valid => [j|] /= /andP[].
have merged x o := proj1 (sensitivity_reduced above (step x) o) k kL.
pose P i := kept v i && (target v i == k).
case: q valid => [l|] /= /andP[_ second].
  have [j [jn kj tj]] := onto l second.
  have tan : tangent_space sigma dsigma h n (L :: N) _ := @tangent_sum X h n L N P
    (fun i => fgain u j * fsign v i) (Some j) (fun i iL _ => introT andP (conj iL jn)).
  apply: (span_ext tan) => x o /=.
  have [par] := agree x j jn; rewrite kj tj => -[_ hj].
  have -> : h' x l = fgain u j * h x j.
    rewrite hj /fgain; case: ifP => neg; last by ring.
    have [square _] := par neg.
    by rewrite -Rmult_assoc square Rmult_1_l.
  rewrite -merged big_distrl /=; apply: eq_bigr => i _.
  by ring.
have tan : tangent_space sigma dsigma h n (L :: N) _ := @tangent_sum X h n L N P
  (fun i => fsign v i) None (fun i iL _ => introT andP (conj iL (bias_ok second))).
by apply: (span_ext tan) => x o /=; rewrite -merged.
Qed.

Lemma tangents_reduced N n n' u L N' L' v vs X (h h' : X -> vec) :
  (forall x, values_reduce n n' u (h x) (h' x)) -> reduces_layer n n' u L L' v ->
  reduces_above (width L) (width L') v N N' vs ->
  forall p, is_param n' (L' :: N') p ->
  tangent_space sigma dsigma h n (L :: N) (fun x => tangent sigma dsigma n' (L' :: N') (h' x) p).
Proof.
elim: N n n' u L N' L' v vs X h h' => [|L2 N IH] n n' u L N' L' v vs X h h' agree layer above [[l i] q] valid;
  have step x := reduced_step (agree x) layer.
  case: N' vs above valid => [|L2' N'] [|w vs] above //=.
  by case: l => [|[|l]] // valid; apply: (tangents_reduced_first step agree layer above).
case: l valid => [|l] valid; first exact: (tangents_reduced_first step agree layer above).
case: N' vs above valid => [|L2' N'] [|w vs] //= [layer2 above] valid.
apply: tangent_space_upper.
have values x := activation_reduces (step x).
exact: (IH _ _ _ _ _ _ _ _ _ _ _ values layer2 above (l, i, q) valid).
Qed.

(* A reduction keeps the function, and its tangent function space lies in that of the network. *)
Theorem reduction_keeps_function n N N' vs : reduces n N N' vs ->
  forall x o, output sigma n N x o = output sigma n N' x o.
Proof.
move=> [red _] x o; case: N N' vs red => [|L N] [|L' N'] [|v vs] //= [layer above].
apply: value_reduced above _ _ _ o; try by move=> i; apply: preactivation_outside.
exact: reduced_step (values_unchanged x) layer.
Qed.

Theorem reduction_tangent_space n N N' vs X (h : X -> vec) : reduces n N N' vs ->
  forall g, tangent_space sigma dsigma h n N' g -> tangent_space sigma dsigma h n N g.
Proof.
move=> [red nonempty]; case: N N' vs red nonempty => [|L N] [|L' N'] [|v vs] //= [layer above] _.
apply: span_subset => g [p valid ->].
by apply: (tangents_reduced (fun x => values_unchanged (h x)) layer above).
Qed.

End Fates.
