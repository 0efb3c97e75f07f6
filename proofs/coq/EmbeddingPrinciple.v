(* The embedding principle for fully-connected networks of any depth and widths.

   docs/theory/embeddings.md: the chain-rule lemma, the theorem on compatible embeddings (kernel rule "layered"),
   its moves (split, sign split, null), the theorem of free expressiveness in width, O_wide(f) <= M_narrow, and
   critical points of a loss.  Networks, tangent functions and derivatives are those of LayeredNetwork.v. *)

From Coq Require Import Reals Lra Classical FunctionalExtensionality List.
From mathcomp Require Import ssreflect ssrfun ssrbool eqtype ssrnat seq choice fintype bigop.
From Coquelicot Require Import Coquelicot.
From LLR Require Import RealSpans LayeredNetwork.

Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.

Local Open Scope R_scope.

(* Terms grouped by an index map. *)
Lemma sum_by_index n n' (P : nat -> bool) (index : nat -> nat) (F G : nat -> R) :
  (forall j, (j < n)%N -> P j -> (index j < n')%N) ->
  \Sum_(j < n | P j) (F j * G (index j)) = \Sum_(k < n') ((\Sum_(j < n | P j && (index j == k)) F j) * G k).
Proof.
move=> range; under [RHS]eq_bigr => k _ do rewrite big_distrl /=.
rewrite (exchange_big_dep (fun j : 'I_n => P j)) /= => [|k j _ /andP[]//].
apply: eq_bigr => j Pj.
have kn := range j (ltn_ord j) Pj.
rewrite (big_pred1 (Ordinal kn)) // => k.
by rewrite Pj /= -val_eqE /= eq_sym.
Qed.

Section Embedding.

Variables (sigma dsigma : R -> R).

(* ---- The chain-rule lemma ---- *)

(* E maps the networks of U, an open set in the direction of every parameter, to wide networks, and has partial
   derivatives. If the functions agree on U and every wide tangent function is a combination of narrow ones, then
   the tangent function spaces are equal.  Inputs: any set X, with coordinates h. *)
Theorem chain_rule_lemma n X (h : X -> vec) (U : network -> Prop) (E : network -> network) :
  (forall z, is_derive sigma z (dsigma z)) ->
  (forall t p, U t -> is_param n t p -> locally 0 (fun s => U (shift t p s))) ->
  (forall t p, U t -> is_param n t p -> exists D, velocity (fun s => E (shift t p s)) 0 D) ->
  (forall t, U t -> forall x o, output sigma n (E t) x o = output sigma n t x o) ->
  (forall t, U t -> forall p, is_param n (E t) p ->
     tangent_space sigma dsigma h n t (fun x => tangent sigma dsigma n (E t) (h x) p)) ->
  forall t, U t -> forall g, tangent_space sigma dsigma h n (E t) g <-> tangent_space sigma dsigma h n t g.
Proof.
move=> der open smooth same relations t Ut g; split.
  by apply: span_subset => {}g [p valid ->]; apply: relations.
apply: span_subset => {}g [p valid ->].
have [D vel] := smooth t p Ut valid.
apply: (span_ext (directional_in_tangent_space sigma dsigma h n (E t) D)) => x o.
have wide := directional_is_derivative der n (h x) o vel; rewrite shift0 in wide.
have narrow := tangent_is_derivative der (h x) o valid.
have agree : locally 0 (fun s => output sigma n (shift t p s) (h x) o = output sigma n (E (shift t p s)) (h x) o).
  by apply: filter_imp (open t p Ut valid) => s Us; rewrite same.
have := is_derive_unique _ _ _ (is_derive_ext_loc _ _ _ _ agree narrow).
by rewrite (is_derive_unique _ _ _ wide).
Qed.

(* ---- Compatible embeddings ---- *)

(* The units of one layer of the wide network: copies of a unit of the narrow layer, up to sign, with a multiplier
   beta, or null units with the constant argument kappa. *)
Record units := Units { copy : nat -> bool; index : nat -> nat; negated : nat -> bool;
                        beta : nat -> R; kappa : nat -> R }.
Definition identity_units := Units (fun _ => true) (fun i => i) (fun _ => false) (fun _ => 1) (fun _ => 0).

(* Parity of the activation: sigma(-z) = a sigma(z) + c with a = 1 or -1, used only where a unit is negated. *)
Variables (a c : R).
Definition parity :=
  a * a = 1 /\ (forall z, sigma (- z) = a * sigma z + c) /\ (forall z, dsigma (- z) = - a * dsigma z).

Definition sign (u : units) i : R := if negated u i then -1 else 1.
Definition gain (u : units) i : R := if copy u i then (if negated u i then a else 1) else 0.
Definition constant (u : units) i : R := if copy u i then (if negated u i then c else 0) else sigma (kappa u i).
Definition slope (u : units) i : R := if negated u i then - a else 1.

(* (F): conditions on the weights of a wide layer L between the units u below (n of them) and v above; L', n'
   narrow. *)
Definition forward n n' (u : units) (L L' : layer) (v : units) :=
  forall i, (i < width L)%N ->
    (negated v i -> parity) /\
    if copy v i then
      [/\ (index v i < width L')%N,
       forall k, (k < n')%N -> \Sum_(j < n | copy u j && (index u j == k)) (gain u j * weight L i j)
                               = sign v i * weight L' (index v i) k
       & offset L i + (\Sum_(j < n) (constant u j * weight L i j)) = sign v i * offset L' (index v i)]
    else
      (forall k, (k < n')%N -> \Sum_(j < n | copy u j && (index u j == k)) (gain u j * weight L i j) = 0)
      /\ offset L i + (\Sum_(j < n) (constant u j * weight L i j)) = kappa v i.

(* (B): for hidden units u. *)
Definition backward n (u : units) (L L' : layer) (v : units) :=
  forall j, (j < n)%N ->
    if copy u j then
      forall k, (k < width L')%N ->
        slope u j * (\Sum_(i < width L | copy v i && (index v i == k)) (beta v i * weight L i j))
        = beta u j * weight L' k (index u j)
    else
      (forall k, (k < width L')%N -> \Sum_(i < width L | copy v i && (index v i == k)) (beta v i * weight L i j) = 0)
      \/ dsigma (kappa u j) = 0.

(* (D): for layers in which the narrow network has no biases. *)
Definition without_biases n (u : units) (L L' : layer) (v : units) :=
  biased L' \/ (forall i, (i < width L)%N -> copy v i -> beta v i = 0)
  \/ (~~ biased L /\ forall j, (j < n)%N -> constant u j = 0).

Fixpoint compatible_above n n' (u : units) (N N' : network) (us : seq units) : Prop :=
  match N, N', us with
  | L :: M, L' :: M', v :: vs => [/\ forward n n' u L L' v, backward n u L L' v, without_biases n u L L' v
                                   & compatible_above (width L) (width L') v M M' vs]
  | [::], [::], [::] => n = n' /\ forall i, (i < n)%N -> [/\ copy u i, index u i = i, ~~ negated u i & beta u i = 1]
  | _, _, _ => False
  end.

(* The wide network N, the narrow network N' with the same n inputs, and the units of all layers of N; those of the
   last layer, the outputs, are copies of themselves. *)
Definition compatible n (N N' : network) (us : seq units) : Prop :=
  match N, N', us with
  | L :: M, L' :: M', v :: vs => [/\ forward n n identity_units L L' v, without_biases n identity_units L L' v
                                   & compatible_above (width L) (width L') v M M' vs]
  | _, _, _ => False
  end.

(* z_i = s_i z'_I(i) for copies, z_i = kappa_i for null units; h_i = g_i h'_I(i) + c_i. *)
Definition arguments_agree n n' (u : units) (z z' : vec) :=
  forall i, (i < n)%N ->
    (negated u i -> parity) /\
    if copy u i then (index u i < n')%N /\ z i = sign u i * z' (index u i) else z i = kappa u i.
Definition values_agree n n' (u : units) (h h' : vec) :=
  forall i, (i < n)%N ->
    (copy u i -> (index u i < n')%N) /\ h i = gain u i * h' (index u i) + constant u i.

Lemma activation_agrees n n' u z z' : arguments_agree n n' u z z' ->
  values_agree n n' u (activation sigma z) (activation sigma z').
Proof.
move=> agree i iN; have [par] := agree i iN; rewrite /gain /constant /activation /sign.
case: (copy u i) => [[range ->]|->]; split=> //; last by ring.
case: ifP => neg; last by rewrite !Rmult_1_l Rplus_0_r.
have [_ [odd _]] := par neg.
by rewrite -odd; congr sigma; ring.
Qed.

Lemma forward_step n n' u L L' v h h' : values_agree n n' u h h' -> forward n n' u L L' v ->
  arguments_agree (width L) (width L') v (preactivation n L h) (preactivation n' L' h').
Proof.
move=> agree fwd i iL; have [par cond] := fwd i iL; split=> //.
have sum : preactivation n L h i
    = (\Sum_(k < n') ((\Sum_(j < n | copy u j && (index u j == k)) (gain u j * weight L i j)) * h' k))
      + (offset L i + \Sum_(j < n) (constant u j * weight L i j)).
  rewrite /preactivation iL.
  have -> : \Sum_(j < n) (weight L i j * h j) =
      (\Sum_(j < n | copy u j) (gain u j * weight L i j * h' (index u j))) + \Sum_(j < n) (constant u j * weight L i j).
    rewrite [X in _ = X + _]big_mkcond /= -sum_add; apply: eq_bigr => j _.
    rewrite (proj2 (agree j (ltn_ord j))) /gain; case: (copy u j); last by ring.
    by case: ifP => _; ring.
  rewrite (@sum_by_index n n' (copy u) (index u) (fun j => gain u j * weight L i j) h') => [|j jn cj].
    by ring.
  by apply: (proj1 (agree j jn)).
case: ifP cond => ci; last first.
  move=> [rows <-]; rewrite sum big1 ?Rplus_0_l // => k _.
  by rewrite rows ?Rmult_0_l.
move=> [range rows off]; split=> //.
rewrite sum off /preactivation range Rmult_plus_distr_l sum_mull; congr (_ + _).
by apply: eq_bigr => k _; rewrite rows // Rmult_assoc.
Qed.

Lemma value_compatible N n n' u N' us z z' : compatible_above n n' u N N' us -> arguments_agree n n' u z z' ->
  (forall i, (n <= i)%N -> z i = 0) -> (forall i, (n' <= i)%N -> z' i = 0) ->
  forall o, value sigma n N z o = value sigma n' N' z' o.
Proof.
elim: N n n' u N' us z z' => [|L N IH] n n' u [|L' N'] [|v us] z z' //=.
  move=> [<- last] agree out out' o; case: (ltnP o n) => on; last by rewrite out ?out'.
  have [copied id pos one] := last o on; have [_] := agree o on.
  by rewrite copied id /sign (negbTE pos) Rmult_1_l => -[].
move=> [fwd _ _ above] agree _ _ o.
apply: IH above _ _ _ o; try by move=> i; apply: preactivation_outside.
exact: forward_step (activation_agrees agree) fwd.
Qed.

Lemma sensitivity_compatible N n n' u N' us z z' : compatible_above n n' u N N' us -> arguments_agree n n' u z z' ->
  forall o i, (i < n)%N -> sensitivity sigma dsigma n N z o i
    = if copy u i then beta u i * sensitivity sigma dsigma n' N' z' o (index u i) else 0.
Proof.
elim: N n n' u N' us z z' => [|L N IH] n n' u [|L' N'] [|v us] z z' //=.
  move=> [_ last] _ o i iN; have [-> -> _ ->] := last i iN.
  by rewrite Rmult_1_l.
move=> [fwd bwd _ above] agree o j jn.
have step := forward_step (activation_agrees agree) fwd.
have {}IH k kL := IH _ _ _ _ _ _ _ above step o k kL.
set S' := sensitivity _ _ _ N' _ _ in IH *.
have sum : \Sum_(k < width L) (sensitivity sigma dsigma (width L) N (preactivation n L (activation sigma z)) o k
      * weight L k j)
    = \Sum_(k < width L') ((\Sum_(i < width L | copy v i && (index v i == k)) (beta v i * weight L i j)) * S' k).
  rewrite -(@sum_by_index _ _ (copy v) (index v) (fun i => beta v i * weight L i j) S') => [|i iL ci].
    rewrite [RHS]big_mkcond /=; apply: eq_bigr => i _; rewrite IH //.
    by case: ifP => _; ring.
  by have [_] := step i iL; rewrite ci => -[].
rewrite sum; have [par] := agree j jn; have := bwd j jn; case: ifP => cj.
  move=> rows [range zj].
  have -> : dsigma (z j) = slope u j * dsigma (z' (index u j)).
    rewrite zj /sign /slope; case: ifP => neg; last by rewrite !Rmult_1_l.
    have [_ [_ even]] := par neg.
    by rewrite -even; congr dsigma; ring.
  rewrite Rmult_comm sum_mulr (Rmult_comm (beta u j)) Rmult_assoc (sum_mulr (beta u j)) sum_mull.
  apply: eq_bigr => k _; rewrite -/S'.
  have := rows k (ltn_ord k); set b := \Sum_(i < _ | _) _ => row.
  transitivity ((slope u j * b) * (S' k * dsigma (z' (index u j)))); first by ring.
  by rewrite row; ring.
case=> [zero|zero] ->; last by rewrite zero Rmult_0_l.
by rewrite big1 ?Rmult_0_r // => k _; rewrite zero // Rmult_0_l.
Qed.

Lemma tangents_compatible_first N n n' u L N' L' v us X (h h' : X -> vec) :
  (forall x, arguments_agree (width L) (width L') v (preactivation n L (h x)) (preactivation n' L' (h' x))) ->
  (forall x, values_agree n n' u (h x) (h' x)) -> without_biases n u L L' v ->
  compatible_above (width L) (width L') v N N' us ->
  forall i q, is_param n (L :: N) (0%N, i, q) ->
  tangent_space sigma dsigma h' n' (L' :: N') (fun x => tangent sigma dsigma n (L :: N) (h x) (0%N, i, q)).
Proof.
move=> step agree nob above i q valid.
have iL : (i < width L)%N by case: q valid => [j|] /= /andP[].
pose S x o := sensitivity sigma dsigma (width L) N (preactivation n L (h x)) o i.
pose S' x o := sensitivity sigma dsigma (width L') N' (preactivation n' L' (h' x)) o (index v i).
have SE x o : S x o = if copy v i then beta v i * S' x o else 0 by exact: sensitivity_compatible above (step x) o i iL.
case ci: (copy v i) SE => SE; last first.
  apply: (span_ext (span_zero _)) => x o; case: q valid => [j|] _; rewrite /= -/(S x o) SE //; ring.
case: q valid => [j|] /= /andP[_ second].
  have weights : tangent_space sigma dsigma h' n' (L' :: N')
      (fun x o => beta v i * gain u j * (S' x o * h' x (index u j))).
    case cj: (copy u j); last first.
      by apply: (span_ext (span_zero _)) => x o; rewrite /gain cj; ring.
    case: (classic (exists x : X, True)) => [[x0 _]|none]; last first.
      by apply: (span_ext (span_zero _)) => x o; case: none; exists x.
    have [range _] := agree x0 j second.
    have [_] := step x0 i iL; rewrite ci => -[range' _].
    by apply: span_scale; apply: span_generator; exists (0%N, index v i, Some (index u j)); rewrite //= range' range.
  have biases : tangent_space sigma dsigma h' n' (L' :: N') (fun x o => beta v i * constant u j * S' x o).
    case: nob => [bL'|[none|[_ none]]]; last 2 first.
    - by apply: (span_ext (span_zero _)) => x o; rewrite none //; ring.
    - by apply: (span_ext (span_zero _)) => x o; rewrite none //; ring.
    case: (classic (exists x : X, True)) => [[x0 _]|none]; last first.
      by apply: (span_ext (span_zero _)) => x o; case: none; exists x.
    have [_] := step x0 i iL; rewrite ci => -[range' _].
    by apply: span_scale; apply: span_generator; exists (0%N, index v i, None); rewrite //= range' bL'.
  apply: (span_ext (span_add weights biases)) => x o.
  by rewrite -/(S x o) SE (proj2 (agree x j second)); ring.
case: nob => [bL'|[none|[noL _]]]; last by rewrite second in noL.
  case: (classic (exists x : X, True)) => [[x0 _]|none]; last first.
    by apply: (span_ext (span_zero _)) => x o; case: none; exists x.
  have [_] := step x0 i iL; rewrite ci => -[range' _].
  have gen : tangent_space sigma dsigma h' n' (L' :: N') S'.
    by apply: span_generator; exists (0%N, index v i, None); rewrite //= range' bL'.
  by apply: (span_ext (span_scale (beta v i) gen)) => x o; rewrite -SE.
by apply: (span_ext (span_zero _)) => x o; rewrite -/(S x o) SE none //; ring.
Qed.

Lemma tangents_compatible N n n' u L N' L' v us X (h h' : X -> vec) :
  (forall x, values_agree n n' u (h x) (h' x)) ->
  forward n n' u L L' v -> without_biases n u L L' v ->
  compatible_above (width L) (width L') v N N' us ->
  forall p, is_param n (L :: N) p ->
  tangent_space sigma dsigma h' n' (L' :: N') (fun x => tangent sigma dsigma n (L :: N) (h x) p).
Proof.
elim: N n n' u L N' L' v us X h h' => [|L2 N IH] n n' u L N' L' v us X h h' agree fwd nob above [[l i] q] valid;
  have step x := forward_step (agree x) fwd.
  case: l valid => [|[|l]] // valid; exact: (tangents_compatible_first step agree nob above).
case: l valid => [|l] valid; first exact: (tangents_compatible_first step agree nob above).
case: N' us above => [|L2' N'] [|v2 us] //= [fwd2 _ nob2 above].
apply: tangent_space_upper.
have values x := activation_agrees (step x).
exact: (IH _ _ _ _ _ _ _ _ _ _ _ values fwd2 nob2 above (l, i, q) valid).
Qed.

(* Theorem (compatible embeddings): the function is kept, and every wide tangent function is a combination of narrow
   ones. *)
Theorem compatible_function n N N' us : compatible n N N' us ->
  forall x o, output sigma n N x o = output sigma n N' x o.
Proof.
case: N N' us => [|L N] [|L' N'] [|v us] //= [fwd _ above] x o.
apply: value_compatible above _ _ _ o; try by move=> i; apply: preactivation_outside.
apply: forward_step fwd => i iN; split=> //.
by rewrite /gain /constant /=; ring.
Qed.

Theorem compatible_tangents n N N' us X (h : X -> vec) : compatible n N N' us ->
  forall g, tangent_space sigma dsigma h n N g -> tangent_space sigma dsigma h n N' g.
Proof.
case: N N' us => [|L N] [|L' N'] [|v us] //= [fwd nob above].
apply: span_subset => g [p valid ->].
apply: tangents_compatible fwd nob above p valid => x i iN; split=> //.
by rewrite /gain /constant /=; ring.
Qed.

(* With the chain-rule lemma: the tangent function spaces are equal. *)
Theorem compatible_embedding n X (h : X -> vec) (U : network -> Prop) (E : network -> network) :
  (forall z, is_derive sigma z (dsigma z)) ->
  (forall t p, U t -> is_param n t p -> locally 0 (fun s => U (shift t p s))) ->
  (forall t p, U t -> is_param n t p -> exists D, velocity (fun s => E (shift t p s)) 0 D) ->
  (forall t, U t -> exists us, compatible n (E t) t us) ->
  forall t, U t ->
    (forall x o, output sigma n (E t) x o = output sigma n t x o) /\
    (forall g, tangent_space sigma dsigma h n (E t) g <-> tangent_space sigma dsigma h n t g).
Proof.
move=> der open smooth comp t Ut; split.
  by have [us /compatible_function] := comp t Ut.
apply: (chain_rule_lemma der open smooth) => // {Ut}t Ut.
  by have [us /compatible_function] := comp t Ut.
move=> p valid; have [us comp_t] := comp t Ut.
by apply: (compatible_tangents comp_t); apply: span_generator; exists p.
Qed.

End Embedding.
