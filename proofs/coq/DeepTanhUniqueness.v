(* T2: an irreducible deep tanh network is determined by its function, up to the order and the signs of its neurons.

   docs/theory/deep-tanh.md (T2: uniqueness), for any depth, widths, number of outputs and bias pattern.

     uniqueness:  let N be irreducible with at least one hidden layer, N' irreducible, no hidden layer of either empty,
     both with n inputs and c outputs.  If they have the same function on R^n, then they have the same depth and widths,
     and `symmetric` holds: the neurons correspond one to one, up to signs that the weights and biases follow.

   Proof as on paper: the union net, upwards; the correspondence, downwards. *)

From Coq Require Import Reals Lra Classical FunctionalExtensionality List.
From mathcomp Require Import ssreflect ssrfun ssrbool eqtype ssrnat seq choice fintype bigop.
From Coquelicot Require Import Coquelicot.
From LLR Require Import RealSpans LayeredNetwork DeepTanhTower DeepTanhNetworks DeepTanhIrreducible DeepTanhUnion.
From LLR Require TwoLayerTanhLine DeepTanhBase.

Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.

Local Open Scope R_scope.

(* ---- Statement ---- *)

(* No hidden layer is empty. *)
Fixpoint no_empty_layer (N : network) : Prop :=
  if N is L :: N' then (if N' is _ :: _ then (0 < width L)%N else True) /\ no_empty_layer N' else True.

Fixpoint outputs (n : nat) (N : network) : nat := if N is L :: N' then outputs (width L) N' else n.

(* Unit t i of L' is unit i of L with the sign e i, when input s j of L' is input j of L with the sign d j. *)
Definition same_units (n : nat) (s : nat -> nat) (d : nat -> bool) (t : nat -> nat) (e : nat -> bool) (L L' : layer) :=
  forall i, (i < width L)%N -> (forall j, (j < n)%N -> weight L' (t i) (s j) = sign (e i) * (sign (d j) * weight L i j))
    /\ offset L' (t i) = sign (e i) * offset L i.

(* N' is N with its hidden neurons in another order and with other signs; the outputs keep their places. *)
Fixpoint symmetric (n : nat) (s : nat -> nat) (d : nat -> bool) (N N' : network) : Prop :=
  match N, N' with
  | L :: M, L' :: M' => width L = width L' /\
      match M, M' with
      | [::], [::] => same_units n s d (fun i => i) (fun _ => true) L L'
      | _ :: _, _ :: _ => exists t e, [/\ bijection (width L) (width L) t, same_units n s d t e L L'
                                        & symmetric (width L) t e M M']
      | _, _ => False
      end
  | _, _ => False
  end.

(* ---- Comparison of two networks over a level ---- *)

Definition independent_curve (m : nat) (U : R -> vec) := forall (c : R) (a : vec),
  (forall t, c + (\Sum_(k < m) (a k * U t k)) = 0) -> c = 0 /\ forall k, (k < m)%N -> a k = 0.

Lemma layer_independent_curve m L (K : (R -> R) -> Prop) (x : R -> vec) : level K (curve m x) -> clean m L ->
  independent_curve (width L) (fun t => hidden m L (x t)).
Proof.
move=> lev cl c a zero; have ringK := level_ring lev.
have /(_ _ 0) key := layer_independent (c := fun _ => c) (a := fun i _ => a i) (b := fun _ _ => 0) lev cl
  (const_in ringK _) (fun _ => const_in ringK _) (fun _ => const_in ringK _).
have [t|c0 ab0] := key.
  rewrite /= -[RHS](zero t); congr (_ + _); apply: eq_bigr => i _; rewrite /activation; ring.
by split=> // k kL; have [] := ab0 k kL.
Qed.

Lemma output_ext n N (x y : vec) o : N <> [::] -> (forall j, (j < n)%N -> x j = y j) ->
  output tanh n N x o = output tanh n N y o.
Proof.
case: N => // L N _ eq; rewrite /output; congr (value _ _ _ _).
apply: functional_extensionality => i; rewrite /preactivation; case: ifP => // _; congr (_ + _).
by apply: eq_bigr => j _; rewrite eq.
Qed.

(* With a hidden layer, the outputs are not all in the ring. *)
Lemma output_not_in_ring N : forall L L2 m (K : (R -> R) -> Prop) (x : R -> vec), level K (curve m x) ->
  irreducible m [:: L, L2 & N] -> no_empty_layer [:: L, L2 & N] ->
  ~ forall o, K (fun t => output tanh m [:: L, L2 & N] (x t) o).
Proof.
elim: N => [|L3 N IH] L L2 m K x lev [[cl out] irr] [L_pos nonempty] all.
  have ringK := level_ring lev; have [i iL2 nz] := out 0%N L_pos.
  have /(_ _ 0) key := layer_independent
    (c := fun t => offset L2 i + -1 * output tanh m [:: L; L2] (x t) i) (a := fun k _ => weight L2 i k)
    (b := fun _ _ => 0) lev cl (add_in ringK (const_in ringK _) (mul_in ringK (const_in ringK _) (all i)))
    (fun _ => const_in ringK _) (fun _ => const_in ringK _).
  have [t|_ /(_ 0%N L_pos) [/nz //]] := key.
  rewrite /= {1}/preactivation iL2 /activation.
  rewrite [X in _ + X = _](_ : _ = \Sum_(j < width L) (weight L2 i j * tanh (preactivation m L (x t) j))).
    by ring.
  by apply: eq_bigr => j _; ring.
have [K' [lev' sub _ _]] := layer_level lev cl.
by apply: (IH L2 L3 (width L) K' (fun t => hidden m L (x t)) lev' irr nonempty) => o; apply: sub; apply: all.
Qed.

(* The same for a network that reads its inputs from U; and an output layer alone is in the ring. *)
Lemma reading_not_in_ring L L2 N n m p e (K : (R -> R) -> Prop) (U : R -> vec) :
  level K (curve m U) -> readable n m p ->
  irreducible n [:: L, L2 & N] -> no_empty_layer [:: L, L2 & N] ->
  ~ forall o, K (fun t => output tanh n [:: L, L2 & N] (reading p e (U t)) o).
Proof.
move=> lev read [[cl out] irr] nonempty all.
apply: (@output_not_in_ring N (extended n p e L) L2 m K U lev _ nonempty) => [|o].
  by split=> //; split=> //; apply: clean_extended.
have -> // : (fun t => output tanh m [:: extended n p e L, L2 & N] (U t) o) =
  fun t => output tanh n [:: L, L2 & N] (reading p e (U t)) o.
by apply: functional_extensionality => t; rewrite /= (preactivation_extended e read).
Qed.

Lemma reading_in_ring L n m p e (K : (R -> R) -> Prop) (U : R -> vec) o : differential_ring K ->
  (forall k, (k < m)%N -> K (fun t => U t k)) -> readable n m p ->
  K (fun t => output tanh n [:: L] (reading p e (U t)) o).
Proof.
move=> ringK KU read.
have -> : (fun t => output tanh n [:: L] (reading p e (U t)) o) =
    fun t => (\Sum_(j < n) ((if (o < width L)%N then weight L o j * sign (e j) else 0) * U t (p j)))
      + if (o < width L)%N then offset L o else 0.
  apply: functional_extensionality => t; rewrite /= /preactivation; case: ifP => _; last first.
    by rewrite big1 => [|j _]; ring.
  by congr (_ + _); apply: eq_bigr => j _; rewrite /reading; ring.
apply: (add_in ringK); last exact: (const_in ringK).
apply: sum_in => // j; apply: (mul_in ringK); first exact: (const_in ringK).
by apply: KU; apply: read.1.
Qed.

Lemma identity_bijection n : bijection n n id.
Proof. by split=> // k kn; exists k. Qed.

Theorem compare N : forall L L' N' m (K : (R -> R) -> Prop) (U : R -> vec) n n' p e p' e',
  level K (curve m U) -> (forall k, (k < m)%N -> K (fun t => U t k)) -> independent_curve m U ->
  readable n m p -> readable n' m p' -> irreducible n (L :: N) -> irreducible n' (L' :: N') ->
  no_empty_layer (L :: N) -> no_empty_layer (L' :: N') -> used n L -> used n' L' ->
  outputs n (L :: N) = outputs n' (L' :: N') ->
  (forall t o, output tanh n (L :: N) (reading p e (U t)) o = output tanh n' (L' :: N') (reading p' e' (U t)) o) ->
  exists s, [/\ bijection n n' s, forall j, (j < n)%N -> p' (s j) = p j &
    symmetric n s (fun j => e j == e' (s j)) (L :: N) (L' :: N')].
Proof.
elim: N => [|L2 N IH] L L' [|L2' N'] m K U n n' p e p' e' lev KU indepU read read' irr irr' ne ne' use use' out_eq same.
- (* two output layers *)
  have rows i : (i < width L)%N -> offset L i + -1 * offset L' i = 0 /\ forall k, (k < m)%N ->
      extended_row n p e (weight L i) k + -1 * extended_row n' p' e' (weight L' i) k = 0.
    move=> iL; apply: indepU => t; have := same t i.
    rewrite /= -(preactivation_extended e read) -(preactivation_extended e' read') /preactivation /=.
    rewrite -[width L']out_eq iL => eq.
    rewrite [X in _ + X = _](_ : _ = (\Sum_(k < m) (extended_row n p e (weight L i) k * U t k))
      + -1 * \Sum_(k < m) (extended_row n' p' e' (weight L' i) k * U t k)).
      by move: eq; rewrite /offset /=; lra.
    by rewrite sum_mull -sum_add; apply: eq_bigr => k _; ring.
  have widths : width L = width L' := out_eq.
  have [||f [bij pf weights]] := @match_inputs n n' m p e p' e' L L' id (fun _ => true) read read' use use'.
    by rewrite -widths; apply: identity_bijection.
    by move=> i iL k km; have [_ /(_ k km)] := rows i iL; rewrite /=; lra.
  exists f; split=> //; split=> // i iL; split=> [j jn|]; first exact: weights.
  by have [] := rows i iL; rewrite /=; lra.
- (* an output layer and a deeper network *)
  case: (reading_not_in_ring (e := e') lev read' irr' ne') => o.
  have -> : (fun t => output tanh n' [:: L', L2' & N'] (reading p' e' (U t)) o) =
      fun t => output tanh n [:: L] (reading p e (U t)) o by apply: functional_extensionality => t; rewrite same.
  exact: reading_in_ring (level_ring lev) KU read.
- case: (reading_not_in_ring (e := e) lev read irr ne) => o.
  have -> : (fun t => output tanh n [:: L, L2 & N] (reading p e (U t)) o) =
      fun t => output tanh n' [:: L'] (reading p' e' (U t)) o by apply: functional_extensionality => t; rewrite same.
  exact: reading_in_ring (level_ring lev) KU read'.
(* two hidden layers: their union V *)
move: irr irr' ne ne' => [[cl out] irr] [[cl' out'] irr'] [_ ne] [_ ne'].
have [V [q [d [clV le old new q_inj]]]] := union_layer (clean_extended e read cl) (clean_extended e' read' cl').
have [K2 [lev2 _ in2 _]] := layer_level lev clV.
pose U2 t := hidden m V (U t).
have read2 : readable (width L) (width V) id by split=> // j jL; apply: leq_trans le.
have read2' : readable (width L') (width V) q by split=> // j jL'; have [] := new j jL'.
have values1 t j : (j < width L)%N -> reading id (fun _ => true) (U2 t) j = hidden n L (reading p e (U t)) j.
  move=> jL; have [rows off] := old j jL; rewrite -(preactivation_extended e read) /reading /U2 /activation Rmult_1_l.
  rewrite /preactivation (leq_trans jL le) [width (extended _ _ _ _)]/= jL off; congr (tanh (_ + _)).
  by apply: eq_bigr => k _; rewrite rows.
have values2 t j : (j < width L')%N -> reading q d (U2 t) j = hidden n' L' (reading p' e' (U t)) j.
  move=> jL'; have [qV rows off] := new j jL'; rewrite -(preactivation_extended e' read') /reading /U2 /activation.
  rewrite -tanh_signed; congr tanh; rewrite /preactivation qV [width (extended _ _ _ _)]/= jL' off.
  rewrite Rmult_plus_distr_l -Rmult_assoc sign_mul eqxx Rmult_1_l; congr (_ + _).
  rewrite sum_mull; apply: eq_bigr => k _; rewrite rows //=; case: (d j) => /=; ring.
have [|t [bij qt sym]] := IH L2 L2' N' (width V) K2 U2 (width L) (width L') id (fun _ => true) q d
  lev2 in2 (layer_independent_curve lev clV) read2 read2' irr irr' ne ne' out out' out_eq.
  move=> t o; have := same t o.
  have -> : output tanh n [:: L, L2 & N] (reading p e (U t)) o =
      output tanh (width L) (L2 :: N) (hidden n L (reading p e (U t))) o by [].
  have -> : output tanh n' [:: L', L2' & N'] (reading p' e' (U t)) o =
      output tanh (width L') (L2' :: N') (hidden n' L' (reading p' e' (U t))) o by [].
  move=> eq; rewrite (output_ext (y := hidden n L (reading p e (U t)))) //; last by move=> j; apply: values1.
  by rewrite eq; apply: output_ext => // j jL'; rewrite values2.
have [t_in _ _] := bij; pose s i := true == d (t i).
have [|f [bij_f pf weights]] := @match_inputs n n' m p e p' e' L L' t s read read' use use' bij.
  move=> i iL k km; have [rows _] := old i iL; have [_ rows' _] := new (t i) (t_in i iL).
  have eq1 : weight V i k = extended_row n p e (weight L i) k := rows k km.
  have : weight V (q (t i)) k = sign (d (t i)) * extended_row n' p' e' (weight L' (t i)) k := rows' k km.
  by rewrite (qt i iL) eq1 /s => ->; case: (d (t i)) => /=; ring.
have widths := bijection_size bij.
exists f; split=> //; split=> //; exists t, s; split=> //; first by rewrite {2}widths.
move=> i iL; split=> [j jn|]; first exact: weights.
have [_ off] := old i iL; have [_ _ off'] := new (t i) (t_in i iL).
have eq1 : offset V i = offset L i := off.
have : offset V (q (t i)) = sign (d (t i)) * offset L' (t i) := off'.
by rewrite (qt i iL) eq1 /s => ->; case: (d (t i)) => /=; ring.
Qed.

(* ---- T2 ---- *)

(* A line on which both of two layers with n inputs stay clean, and their neurons stay apart. *)
Lemma generic_line_of_two n L L' : exists u : vec, [/\ generic n u L, generic n u L' &
  forall (e : bool) i k, (i < width L)%N -> (k < width L')%N ->
    inner n (weight L' k) u = sign e * inner n (weight L i) u ->
    forall j, (j < n)%N -> weight L' k j = sign e * weight L i j].
Proof.
pose S := Layer (width L + width L')
  (fun i => if (i < width L)%N then weight L i else weight L' (i - width L)) (fun _ => 0) true.
have first i : (i < width L)%N -> weight S i = weight L i /\ (i < width S)%N.
  by move=> iL; rewrite /S /= iL; split=> //; apply: ltn_addr.
have second k : (k < width L')%N -> weight S (width L + k)%N = weight L' k /\ (width L + k < width S)%N.
  by move=> kL'; rewrite /S /= ltnNge leq_addr /= addKn ltn_add2l.
have [u [[slopes separated] _]] := @generic_line n S (fun _ _ => 0); exists u; split; [split|split|].
- by move=> i iL; have [<- iS] := first i iL; apply: slopes.
- move=> e i k iL kL; have [<- iS] := first i iL; have [<- kS] := first k kL; exact: separated.
- by move=> i iL; have [<- iS] := second i iL; apply: slopes.
- move=> e i k iL kL; have [<- iS] := second i iL; have [<- kS] := second k kL; exact: separated.
move=> e i k iL kL; have [<- iS] := first i iL; have [<- kS] := second k kL; exact: separated.
Qed.

Lemma output_on_line n u L N t o : output tanh 1 (layer_on_line n u (fun _ => 0) L :: N) (fun _ => t) o =
  output tanh n (L :: N) (place u (fun _ => 0) t) o.
Proof. by rewrite /= preactivation_place. Qed.

Lemma irreducible_on_line n u L N : generic n u L -> irreducible n (L :: N) ->
  irreducible 1 (layer_on_line n u (fun _ => 0) L :: N).
Proof. by case: N => [|L2 N] gen //= [[cl out] irr]; split=> //; split=> //; apply: clean_on_line. Qed.

Lemma used_on_line n u y L : clean 1 (layer_on_line n u y L) -> (0 < width L)%N -> used 1 (layer_on_line n u y L).
Proof. by move=> [nonzero _] L_pos j _; have [k _ nz] := nonzero 0%N L_pos; exists 0%N. Qed.

Theorem uniqueness n L L2 N N' : N' <> [::] -> irreducible n [:: L, L2 & N] -> irreducible n N' ->
  no_empty_layer [:: L, L2 & N] -> no_empty_layer N' -> outputs n [:: L, L2 & N] = outputs n N' ->
  (forall x o, output tanh n [:: L, L2 & N] x o = output tanh n N' x o) ->
  symmetric n id (fun _ => true) [:: L, L2 & N] N'.
Proof.
case: N' => // L' M' _ irr irr' ne ne' out_eq same.
have [u [gen gen' apart]] := generic_line_of_two n L L'.
pose E := layer_on_line n u (fun _ => 0) L; pose E' := layer_on_line n u (fun _ => 0) L'.
have irrE := irreducible_on_line gen irr; have irrE' := irreducible_on_line gen' irr'.
pose U (t : R) : vec := fun _ => t.
have readE t : reading id (fun _ => true) (U t) = fun _ => t.
  by apply: functional_extensionality => j; rewrite /reading /U /=; ring.
have KU k : (k < 1)%N -> DeepTanhBase.polynomial (fun t => U t k).
  move=> _; have -> : (fun t => U t k) = fun t => t * 1 + 0 by apply: functional_extensionality => t; rewrite /U; ring.
  exact: line_coordinate.
have read1 : readable 1 1 id by split.
have sameE t o : output tanh 1 [:: E, L2 & N] (reading id (fun _ => true) (U t)) o =
    output tanh 1 (E' :: M') (reading id (fun _ => true) (U t)) o.
  by rewrite readE !output_on_line same.
case: M' irr' irrE' ne' out_eq same sameE => [|L2' N'] irr' irrE' ne' out_eq same sameE.
  case: (reading_not_in_ring (e := fun _ => true) line_level read1 irrE ne) => o.
  have -> : (fun t => output tanh 1 [:: E, L2 & N] (reading id (fun _ => true) (U t)) o) =
      fun t => output tanh 1 [:: E'] (reading id (fun _ => true) (U t)) o.
    by apply: functional_extensionality => t; rewrite sameE.
  exact: reading_in_ring DeepTanhBase.polynomial_ring KU read1.
have indep : independent_curve 1 U.
  move=> c a zero; have := zero 0; have := zero 1; rewrite /U !big_ord_recl !big_ord0 /= => z1 z0.
  by split=> [|[|//] _]; lra.
have useE : used 1 E by apply: used_on_line irrE.1.1 ne.1.
have useE' : used 1 E' by apply: used_on_line irrE'.1.1 ne'.1.
have [s [bij _ [widths [t [e [bij_t units sym]]]]]] := @compare (L2 :: N) E E' (L2' :: N') 1 _ U 1 1 id (fun _ => true)
  id (fun _ => true) line_level KU indep read1 read1 irrE irrE' ne ne' useE useE' out_eq sameE.
split=> //; exists t, e; split=> // i iL; have [rows off] := units i iL.
have [t_in _ _] := bij_t; have tiL' : (t i < width L')%N by rewrite -[width L']widths; apply: t_in.
split=> [j jn|].
  rewrite /= Rmult_1_l; apply: apart => //.
  by have := rows 0%N isT; rewrite /= Rmult_1_l.
have offsetE M k : offset (layer_on_line n u (fun _ => 0) M) k = offset M k + inner n (weight M k) (fun _ => 0) by [].
move: off; rewrite !offsetE ![inner n _ (fun _ => 0)]big1 ?Rplus_0_r // => l _; ring.
Qed.

(* In particular the depth and all widths are those of the function. *)
Corollary unique_widths n L L2 N N' : N' <> [::] -> irreducible n [:: L, L2 & N] -> irreducible n N' ->
  no_empty_layer [:: L, L2 & N] -> no_empty_layer N' -> outputs n [:: L, L2 & N] = outputs n N' ->
  (forall x o, output tanh n [:: L, L2 & N] x o = output tanh n N' x o) ->
  [seq width M | M <- [:: L, L2 & N]] = [seq width M | M <- N'].
Proof.
move=> nil irr irr' ne ne' out_eq same; have := uniqueness nil irr irr' ne ne' out_eq same.
move: {nil irr irr' ne ne' out_eq same} [:: L, L2 & N] (@id nat) (fun _ : nat => true) => M s d.
elim: M n s d N' => [|L0 M IH] n s d [|L0' M'] //= [-> rest].
case: M M' IH rest => [|L1 M] [|L1' M'] // IH [t [e [_ _ sym]]].
exact: (f_equal (cons _) (IH _ _ _ _ sym)).
Qed.
