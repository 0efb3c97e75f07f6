(* Linear independence and dimension of spans, for finite families of real functions.

   docs/theory/definitions.md: the rank of a model is the dimension of the span of its tangent functions.  (The
   evaluation lemma of EvaluationLemma.v is stated over the fields of MathComp, to which Coq's reals do not
   belong; here are the few facts on dimensions that the theorems on tanh networks use, for the reals.)

   X is any set, a function is a map X -> R.  Functions with c outputs are maps from X x {0, ..., c-1}.
   Families are numbered by finite sets I, J, K, which need not be sets of numbers.  A matrix with rows J and
   columns K is a family J of functions on the set K; its rank is the dimension of the span of its rows. *)

From Coq Require Import Reals Lra Classical FunctionalExtensionality.
From mathcomp Require Import ssreflect ssrfun ssrbool eqtype ssrnat seq choice fintype finfun bigop.
From LLR Require Import RealSpans.

Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.

Local Open Scope R_scope.

Notation "\Sum_ i F" := (\big[Rplus/0]_i F)
  (at level 41, F at level 41, i at level 0, format "\Sum_ i  F") : R_scope.
Notation "\Sum_ ( i | P ) F" := (\big[Rplus/0]_(i | P) F)
  (at level 41, F at level 41, i at level 50, format "\Sum_ ( i  |  P )  F") : R_scope.

Lemma Sum_mull (I : finType) a (F : I -> R) : a * (\Sum_i F i) = \Sum_i (a * F i).
Proof. exact: big_distrr. Qed.

Lemma Sum_add (I : finType) (F G : I -> R) : \Sum_i (F i + G i) = (\Sum_i F i) + \Sum_i G i.
Proof. exact: big_split. Qed.

Lemma Sum_swap (I J : finType) (F : I -> J -> R) : \Sum_i \Sum_j F i j = \Sum_j \Sum_i F i j.
Proof. exact: exchange_big. Qed.

(* 1 if k = j and 0 otherwise. *)
Definition delta (K : eqType) (k j : K) : R := if k == j then 1 else 0.

Lemma Sum_delta (K : finType) (k : K) (F : K -> R) : \Sum_j (delta k j * F j) = F k.
Proof.
rewrite (bigD1 k) //= /delta eqxx big1 => [|j /negbTE]; first ring.
by rewrite eq_sym => ->; ring.
Qed.

Lemma Sum_option (I : finType) (F : option I -> R) : \Sum_l F l = F None + \Sum_i F (Some i).
Proof.
rewrite (bigD1 None) //=; congr (_ + _).
rewrite (reindex_omap (fun i : I => Some i) id) => [|[i|] //].
by apply: eq_bigl => i; rewrite eqxx.
Qed.

Lemma Sum_pair (I J : finType) (F : I * J -> R) : \Sum_p F p = \Sum_i \Sum_j F (i, j).
Proof. by rewrite pair_bigA; apply: eq_bigr => -[]. Qed.

Section Definitions.

Variable X : Type.

(* The combination sum_i a_i g_i. *)
Definition lin (I : finType) (a : I -> R) (g : I -> X -> R) (x : X) : R := \Sum_i (a i * g i x).

Definition independent (I : finType) (g : I -> X -> R) :=
  forall a : I -> R, (forall x, lin a g x = 0) -> forall i, a i = 0.

Definition in_span (I : finType) (g : I -> X -> R) (u : X -> R) := exists a : I -> R, forall x, u x = lin a g x.

(* The span of the g i has dimension r: it has a basis of r functions. *)
Definition dim_span (I : finType) (g : I -> X -> R) (r : nat) := exists (B : finType) (h : B -> X -> R),
  [/\ #|B| = r, independent h, forall b, in_span g (h b) & forall i, in_span h (g i)].

End Definitions.

Section Families.

Variable X : Type.

Lemma lin_lin (I J : finType) (a : I -> R) (C : I -> J -> R) (h : J -> X -> R) x :
  lin a (fun i => lin (C i) h) x = lin (fun j => lin a C j) h x.
Proof.
rewrite /lin; under eq_bigr => i _ do rewrite Sum_mull.
rewrite Sum_swap; apply: eq_bigr => j _.
by rewrite Rmult_comm Sum_mull; apply: eq_bigr => i _; ring.
Qed.

Lemma span_matrix (I J : finType) (g : I -> X -> R) (h : J -> X -> R) : (forall i, in_span h (g i)) ->
  exists C : I -> J -> R, forall i x, g i x = lin (C i) h x.
Proof. exact: fin_all_exists. Qed.

Lemma lin_ext (I : finType) (a : I -> R) (g h : I -> X -> R) x : (forall i, g i x = h i x) -> lin a g x = lin a h x.
Proof. by move=> eq; apply: eq_bigr => i _; rewrite eq. Qed.

Lemma span_trans (I J : finType) (g : I -> X -> R) (h : J -> X -> R) u :
  in_span g u -> (forall i, in_span h (g i)) -> in_span h u.
Proof.
move=> [a ua] /span_matrix [C gC]; exists (fun j => lin a C j) => x.
by rewrite ua -lin_lin; apply: lin_ext => i; apply: gC.
Qed.

Lemma span_generator (I : finType) (g : I -> X -> R) i : in_span g (g i).
Proof. by exists (delta i) => x; rewrite /lin (Sum_delta i (fun j => g j x)). Qed.

(* ---- Dimension ---- *)

(* A homogeneous system of n linear equations with m > n unknowns has a solution that is not zero. *)
Lemma homogeneous_system n m (A : 'I_m -> 'I_n -> R) : (n < m)%N ->
  exists y : 'I_m -> R, (exists i, y i <> 0) /\ forall j, \Sum_i (y i * A i j) = 0.
Proof.
elim: n m A => [|n IH] [|m] A // nm.
  by exists (fun _ => 1); split; [exists ord0; lra | case].
case: (classic (exists i, A i ord_max <> 0)) => [[k nz]|none]; last first.
  have [|y [nz sol]] := IH m.+1 (fun i j => A i (widen_ord (leqnSn n) j)); first exact: ltnW.
  exists y; split=> // j; case: (unliftP ord_max j) => [j' ->|->]; last first.
    by rewrite big1 // => i _; rewrite (_ : A i ord_max = 0) ?Rmult_0_r //; apply: NNPP => ?; apply: none; exists i.
  have -> : lift ord_max j' = widen_ord (leqnSn n) j' by apply: val_inj; rewrite /= /bump leqNgt ltn_ord.
  exact: sol.
pose q i := A i ord_max / A k ord_max.
have [//|y [[i0 nz0] sol]] := IH m (fun i j => A (lift k i) (widen_ord (leqnSn n) j)
  - q (lift k i) * A k (widen_ord (leqnSn n) j)).
pose y0 := - \Sum_i (y i * q (lift k i)).
pose z i := if unlift k i is Some i' then y i' else y0.
have zk : z k = y0 by rewrite /z unlift_none.
have zl i : z (lift k i) = y i by rewrite /z liftK.
have split_sum j : \Sum_i (z i * A i j) = y0 * A k j + \Sum_i (y i * A (lift k i) j).
  by rewrite (bigD1_ord k) //= zk; congr (_ + _); apply: eq_bigr => i _; rewrite zl.
have y0E j : y0 * A k j = - \Sum_i (y i * (q (lift k i) * A k j)).
  rewrite /y0 -Ropp_mult_distr_l Rmult_comm Sum_mull; congr (- _); apply: eq_bigr => i _; ring.
exists z; split=> [|j]; first by exists (lift k i0); rewrite zl.
rewrite split_sum y0E; case: (unliftP ord_max j) => [j' ->|->]; last first.
  rewrite Rplus_comm; apply: Rminus_diag_eq.
  by apply: eq_bigr => i _; congr (_ * _); rewrite /q; field.
have -> : lift ord_max j' = widen_ord (leqnSn n) j' by apply: val_inj; rewrite /= /bump leqNgt ltn_ord.
rewrite -[RHS](sol j'); set w := widen_ord _ j'.
have -> : \Sum_i (y i * (A (lift k i) w - q (lift k i) * A k w))
    = \Sum_i ((-1) * (y i * (q (lift k i) * A k w)) + y i * A (lift k i) w) by apply: eq_bigr => i _; ring.
by rewrite Sum_add -Sum_mull; ring.
Qed.

Lemma Sum_enum (I : finType) (F : I -> R) : \Sum_i F i = \Sum_k F (@enum_val I predT k).
Proof. by rewrite (reindex (@enum_val I predT)) //; apply: onW_bij; apply: enum_val_bij. Qed.

(* Independent functions in the span of n functions are at most n. *)
Lemma independent_card (I J : finType) (g : I -> X -> R) (h : J -> X -> R) :
  independent g -> (forall i, in_span h (g i)) -> (#|I| <= #|J|)%N.
Proof.
move=> indep /span_matrix [C gC]; rewrite leqNgt; apply/negP => lt.
have [y [[k nz] sol]] := homogeneous_system
  (fun (i : 'I_#|I|) (j : 'I_#|J|) => C (enum_val i) (enum_val j)) lt.
apply: nz; rewrite -(enum_valK k).
apply: (indep (fun i => y (enum_rank i))) => x.
rewrite (@lin_ext _ _ g (fun i => lin (C i) h) _ (fun i => gC i x)) lin_lin /lin big1 // => j _.
have -> : \Sum_i (y (enum_rank i) * C i j) = 0; last by ring.
rewrite -[RHS](sol (enum_rank j)) Sum_enum.
by apply: eq_bigr => i _; rewrite enum_valK enum_rankK.
Qed.

Theorem dim_span_unique (I : finType) (g : I -> X -> R) r s : dim_span g r -> dim_span g s -> r = s.
Proof.
have le p q : dim_span g p -> dim_span g q -> (p <= q)%N.
  move=> [B [h [<- ih hg gh]]] [B' [h' [<- ih' hg' gh']]].
  by apply: (independent_card ih) => b; apply: span_trans (hg b) gh'.
by move=> gr gs; apply/eqP; rewrite eqn_leq !le.
Qed.

Theorem dim_span_independent (I : finType) (g : I -> X -> R) : independent g -> dim_span g #|I|.
Proof. by move=> indep; exists I, g; split=> // i; apply: span_generator. Qed.

(* A function outside the span of independent functions makes them one more. *)
Lemma independent_add (I : finType) (g : I -> X -> R) u : independent g -> ~ in_span g u ->
  independent (fun i : option I => if i is Some j then g j else u).
Proof.
move=> indep out a zero.
have split_sum x : lin a (fun i : option I => if i is Some j then g j else u) x
    = a None * u x + lin (fun i => a (Some i)) g x.
  by rewrite /lin Sum_option.
have a0 : a None = 0.
  apply: NNPP => nz; apply: out; exists (fun i => - / a None * a (Some i)) => x.
  have := zero x; rewrite split_sum => rel.
  have -> : lin (fun i => - / a None * a (Some i)) g x = - / a None * lin (fun i => a (Some i)) g x.
    by rewrite /lin Sum_mull; apply: eq_bigr => i _; ring.
  by apply: (Rmult_eq_reg_l (a None)) => //; rewrite -Rmult_assoc -Ropp_mult_distr_r Rinv_r //; lra.
case=> [i|] //; apply: (indep (fun i => a (Some i))) => x.
by have := zero x; rewrite split_sum a0; lra.
Qed.

(* The members of the family that a list names have a basis of their span. *)
Theorem dim_span_exists (I : finType) (g : I -> X -> R) : exists r, dim_span g r.
Proof.
suff [B [h [ih hg gh]]] : exists (B : finType) (h : B -> X -> R),
    [/\ independent h, forall b, in_span g (h b) & forall i, i \in enum I -> in_span h (g i)].
  by exists #|B|, B, h; split=> // i; apply: gh; rewrite mem_enum.
elim: (enum I) => [|i s [B [h [ih hg gh]]]].
  exists [finType of 'I_0], (fun _ _ => 0); split=> // [a _ []//|[]//].
case: (classic (in_span h (g i))) => [gi|out].
  by exists B, h; split=> // j; rewrite in_cons => /orP [/eqP ->|/gh].
exists [finType of option B], (fun b => if b is Some b' then h b' else g i).
split=> [|[b|]|j]; [exact: independent_add | exact: hg | exact: span_generator |].
rewrite in_cons => /orP [/eqP ->|/gh js].
  exact: (span_generator (fun b : option B => if b is Some b' then h b' else g i) None).
apply: span_trans js _ => b.
exact: (span_generator (fun b : option B => if b is Some b' then h b' else g i) (Some b)).
Qed.

End Families.

(* ---- Coefficients in independent functions ---- *)

Section Coefficients.

Variables (X : Type) (J K : finType) (phi : K -> X -> R) (g : J -> X -> R) (M : J -> K -> R).

Hypothesis phi_independent : independent phi.
Hypothesis g_def : forall j x, g j x = lin (M j) phi x.

(* If the g j are combinations of independent functions with the coefficient matrix M, then dim span(g) =
   rank(M). *)
Lemma dim_span_of_matrix r : dim_span M r -> dim_span g r.
Proof.
move=> [B [h [cardB ih hM Mh]]].
exists B, (fun b => lin (h b) phi); split=> // [a zero|b|j].
- have all0 : forall k, lin a h k = 0 by apply: phi_independent => x; rewrite -lin_lin zero.
  exact: ih all0.
- have [a ha] := hM b; exists a => x.
  rewrite (@lin_ext _ _ _ g (fun j => lin (M j) phi) _ (fun j => g_def j x)) lin_lin.
  by apply: eq_bigr => k _; rewrite ha.
- have [a ha] := Mh j; exists a => x.
  by rewrite lin_lin g_def; apply: eq_bigr => k _; rewrite ha.
Qed.

Theorem dim_span_matrix r : dim_span g r <-> dim_span M r.
Proof.
split=> [gr|]; last exact: dim_span_of_matrix.
have [s Ms] := dim_span_exists M.
by rewrite (dim_span_unique gr (dim_span_of_matrix Ms)).
Qed.

End Coefficients.

(* A matrix (E 0 ; 0 D), up to the order of the rows, where the rows of E are non-zero multiples of unit rows
   and every unit row occurs, has the rank (number of columns of E) + rank(D). *)
Section Blocks.

Variables (J K L : finType) (M : J -> K + L -> R) (first : pred J).

Hypothesis first_rows : forall j, first j -> exists k e,
  [/\ e <> 0, forall k', M j (inl k') = e * delta k k' & forall l, M j (inr l) = 0].
Hypothesis all_units : forall k, exists2 j, first j & M j (inl k) <> 0.
Hypothesis other_rows : forall j, ~~ first j -> forall k, M j (inl k) = 0.

Definition second_block (j : J) (l : L) : R := M j (inr l).

Lemma dim_span_of_blocks r : dim_span second_block r -> dim_span M (#|K| + r).
Proof.
move=> [B [h [cardB ih hD Dh]]].
pose basis (b : K + B) (c : K + L) := match b, c with
  | inl k, inl k' => delta k k' | inr b', inr l => h b' l | _, _ => 0 end.
have lin_basis a c : lin a basis c = match c with
  | inl k => a (inl k) | inr l => lin (fun b => a (inr b)) h l end.
  rewrite /lin big_sumType; case: c => [k|l] /=.
    rewrite [X in _ + X]big1 => [|b _]; last by ring.
    rewrite Rplus_0_r -[RHS](Sum_delta k (fun k' => a (inl k'))).
    by apply: eq_bigr => k' _; rewrite /delta eq_sym; ring.
  by rewrite big1 ?Rplus_0_l // => k _; ring.
exists [finType of (K + B)%type], basis; split=> [|a zero|[k|b]|j].
- by rewrite card_sum cardB.
- have first0 k : a (inl k) = 0 by have := zero (inl k); rewrite lin_basis.
  case=> [k|b] //; apply: (ih (fun b => a (inr b))) => l.
  by have := zero (inr l); rewrite lin_basis.
- have [j fj nz] := all_units k; have [k' [e [e0 row zero]]] := first_rows fj.
  have kk : k' = k by move: nz; rewrite row /delta; case: eqP => // _; rewrite Rmult_0_r.
  exists (fun i => / e * delta j i) => c.
  transitivity (/ e * M j c); last first.
    rewrite -(Sum_delta j (fun i => M i c)) Sum_mull; apply: eq_bigr => i _; ring.
  case: c => [k''|l] /=; last by rewrite zero; ring.
  by rewrite row kk -Rmult_assoc Rinv_l // Rmult_1_l.
- have [a ha] := hD b; exists (fun j => if first j then 0 else a j) => -[k|l] /=.
    by rewrite /lin big1 // => j _; case: ifPn => [_|/other_rows ->]; ring.
  rewrite ha; apply: eq_bigr => j _; case: ifPn => // fj.
  by have [k [e [_ _ zero]]] := first_rows fj; rewrite /second_block zero; ring.
- case fj: (first j).
    have [k [e [_ row zero]]] := first_rows fj.
    exists (fun b => if b is inl k' then e * delta k k' else 0) => -[k'|l]; rewrite lin_basis //.
    by rewrite zero /lin big1 // => b _; ring.
  have [a ha] := Dh j; exists (fun b => if b is inr b' then a b' else 0) => -[k|l]; rewrite lin_basis //.
    by apply: other_rows; rewrite fj.
  exact: (ha l).
Qed.

Theorem dim_span_blocks n : dim_span M n <-> exists2 r, dim_span second_block r & n = (#|K| + r)%N.
Proof.
split=> [Mn|[r Dr ->]]; last exact: dim_span_of_blocks.
have [r Dr] := dim_span_exists second_block; exists r => //.
exact: dim_span_unique Mn (dim_span_of_blocks Dr).
Qed.

End Blocks.
