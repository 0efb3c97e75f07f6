(* The evaluation lemma: linear independence of functions, and the rank of their evaluation matrices.

   docs/theory/definitions.md (F1).  What it means for models is in LLRGuarantee.v.

   K is any field, X any set of inputs, c the number of outputs.  Functions are maps X -> K^c, written X -> 'I_c ->
   K, where 'I_c stands for {0, ..., c-1}.  Two functions are equal when all their values are. *)

From Coq Require Import Classical.
From mathcomp Require Import all_ssreflect all_algebra.

Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.

Import GRing.Theory.
Local Open Scope ring_scope.

Section Families.

Variables (K : fieldType) (X : Type) (c : nat).

(* A function with c outputs, a pair (input, output), and the linear combination sum_i a_i g_i. *)
Definition fn := X -> 'I_c -> K.
Definition place := (X * 'I_c)%type.
Definition combination r (a : 'I_r -> K) (g : 'I_r -> fn) : fn := fun x o => \sum_i a i * g i x o.

Definition independent r (g : 'I_r -> fn) :=
  forall a : 'I_r -> K, (forall x o, combination a g x o = 0) -> forall i, a i = 0.

Definition in_span r (g : 'I_r -> fn) (u : fn) :=
  exists a : 'I_r -> K, forall x o, u x o = combination a g x o.

(* h_1, ..., h_r is a basis of span(g_1, ..., g_m); the dimension of the span is r. *)
Definition is_basis r m (h : 'I_r -> fn) (g : 'I_m -> fn) :=
  [/\ independent h, forall v, in_span g (h v) & forall i, in_span h (g i)].
Definition dim_span m (g : 'I_m -> fn) (r : nat) := exists h : 'I_r -> fn, is_basis h g.

(* The matrix with entry g_i(x_v)_(o_v) in row v and column i, for places (x_v, o_v). *)
Definition places_matrix k r (g : 'I_r -> fn) (p : 'I_k -> place) : 'M[K]_(k, r) :=
  \matrix_(v, i) g i (p v).1 (p v).2.

Lemma places_matrix_mul k r (g : 'I_r -> fn) (p : 'I_k -> place) (a : 'cV[K]_r) v :
  (places_matrix g p *m a) v 0 = combination (fun i => a i 0) g (p v).1 (p v).2.
Proof. by rewrite mxE; apply: eq_bigr => i _; rewrite mxE mulrC. Qed.

(* A family of places can be extended by one place at which a function that vanishes on them does not vanish. *)
Definition add_place k (q : place) (p : 'I_k -> place) (v : 'I_(1 + k)) : place :=
  match split v with inl _ => q | inr w => p w end.

Lemma places_matrix_add k r (g : 'I_r -> fn) (p : 'I_k -> place) (q : place) :
  places_matrix g (add_place q p) =
  col_mx (places_matrix g (fun _ : 'I_1 => q)) (places_matrix g p).
Proof.
apply/matrixP => v i; rewrite -(splitK v) !mxE /add_place.
by case: (split v) => w; rewrite /= ?(unsplitK (inl w)) ?(unsplitK (inr w)) mxE.
Qed.

Lemma row_free_add k r (g : 'I_r -> fn) (p : 'I_k -> place) (q : place) (a : 'cV[K]_r) :
  row_free (places_matrix g p) -> places_matrix g p *m a = 0 ->
  combination (fun i => a i 0) g q.1 q.2 != 0 ->
  row_free (places_matrix g (add_place q p)).
Proof.
move=> free zero nonzero; rewrite places_matrix_add; set e := places_matrix g (fun _ => q).
apply: inj_row_free => v; rewrite -[v]hsubmxK mul_row_col => rel.
have ea : e *m a = (combination (fun i => a i 0) g q.1 q.2)%:M.
  by apply/matrixP => s t; rewrite !ord1 [RHS]mxE places_matrix_mul.
have first0 : lsubmx v = 0.
  move/(congr1 (mulmx^~ a)): (rel); rewrite mulmxDl -!mulmxA zero mulmx0 addr0 ea mul0mx.
  rewrite mul_mx_scalar => /eqP; rewrite scaler_eq0 (negbTE nonzero) /= => /eqP; exact.
have rest0 : rsubmx v = 0.
  move: rel; rewrite first0 mul0mx add0r => rel.
  by apply: (row_free_inj free); rewrite rel mul0mx.
by rewrite first0 rest0 row_mx0.
Qed.

(* Places at which a function of the span is determined by its values: independent rows, as many as possible. *)
Lemma maximal_places r (g : 'I_r -> fn) :
  exists k, exists p : 'I_k -> place, row_free (places_matrix g p) /\
    forall a : 'cV[K]_r, places_matrix g p *m a = 0 -> forall x o, combination (fun i => a i 0) g x o = 0.
Proof.
have grow k (p : 'I_k -> place) : row_free (places_matrix g p) ->
    (exists l, exists q : 'I_l -> place, row_free (places_matrix g q) /\
      forall a : 'cV[K]_r, places_matrix g q *m a = 0 -> forall x o, combination (fun i => a i 0) g x o = 0)
    \/ exists q : 'I_k.+1 -> place, row_free (places_matrix g q).
  move=> free; case: (classic (forall a : 'cV[K]_r,
    places_matrix g p *m a = 0 -> forall x o, combination (fun i => a i 0) g x o = 0)) => [all|].
    by left; exists k, p.
  move=> nall; have [a na] := not_all_ex_not _ _ nall.
  have [zero nzero] := imply_to_and _ _ na.
  have [x nx] := not_all_ex_not _ _ nzero; have [o /eqP nonzero] := not_all_ex_not _ _ nx.
  by right; exists (add_place (x, o) p); apply: row_free_add free zero _.
have start : exists p : 'I_0 -> place, row_free (places_matrix g p).
  by exists (fun v : 'I_0 => False_rect _ (notF (ltn_ord v))); rewrite /row_free -leqn0 rank_leq_row.
apply: NNPP => never.
suff [p free] : exists p : 'I_r.+1 -> place, row_free (places_matrix g p).
  by move: free; rewrite /row_free => /eqP eq; move: (rank_leq_col (places_matrix g p)); rewrite eq ltnn.
elim: r.+1 => [//|k [p free]].
by case: (grow k p free) => [good|//]; case: never.
Qed.

(* F1, evaluation lemma: independent iff some r places give an invertible r x r evaluation matrix. *)
Theorem evaluation_lemma r (g : 'I_r -> fn) :
  independent g <-> exists p : 'I_r -> place, places_matrix g p \in unitmx.
Proof.
split=> [indep|[p unit] a zero i]; last first.
  have : places_matrix g p *m (\col_i a i) = 0.
    apply/matrixP => v s; rewrite ord1 places_matrix_mul mxE -[RHS](zero (p v).1 (p v).2).
    by apply: eq_bigr => j _; rewrite mxE.
  by move/(congr1 (mulmx (invmx (places_matrix g p)))); rewrite mulKmx // mulmx0 => /matrixP/(_ i 0); rewrite !mxE.
have [k [p [free det]]] := maximal_places g.
have inj (a : 'cV[K]_r) : places_matrix g p *m a = 0 -> a = 0.
  move=> /det zero; apply/matrixP => i s; rewrite ord1 [RHS]mxE.
  by apply: (indep (fun i => a i 0)).
have full : row_free (places_matrix g p)^T.
  apply: inj_row_free => v rel; apply: trmx_inj; rewrite trmx0; apply: inj.
  by apply: trmx_inj; rewrite trmx_mul trmxK trmx0.
have kr : k = r by apply/eqP; rewrite -(eqP free) -mxrank_tr.
by move: p free {det inj full}; rewrite kr => p free; exists p; rewrite -row_free_unit.
Qed.

(* ---- Bases and dimensions of spans ---- *)

Lemma span_matrix r m (h : 'I_r -> fn) (g : 'I_m -> fn) : (forall i, in_span h (g i)) ->
  exists C : 'M[K]_(r, m), forall i x o, g i x o = combination (fun v => C v i) h x o.
Proof.
move=> /fin_all_exists [a a_def]; exists (\matrix_(v, i) a i v) => i x o; rewrite a_def.
by apply: eq_bigr => v _; rewrite mxE.
Qed.

Lemma places_matrix_span r m (h : 'I_r -> fn) (g : 'I_m -> fn) (C : 'M[K]_(r, m)) k (p : 'I_k -> place) :
  (forall i x o, g i x o = combination (fun v => C v i) h x o) -> places_matrix g p = places_matrix h p *m C.
Proof.
move=> def; apply/matrixP => v i; rewrite !mxE def.
by apply: eq_bigr => w _; rewrite mxE mulrC.
Qed.

Lemma combination_comp r m (h : 'I_r -> fn) (g : 'I_m -> fn) (C : 'M[K]_(r, m)) (a : 'cV[K]_m) x o :
  (forall i x o, g i x o = combination (fun v => C v i) h x o) ->
  combination (fun i => a i 0) g x o = combination (fun v => (C *m a) v 0) h x o.
Proof.
move=> def; rewrite /combination.
under eq_bigr do rewrite def mulr_sumr.
rewrite exchange_big; apply: eq_bigr => v _.
by rewrite mxE mulr_suml; apply: eq_bigr => i _; rewrite mulrA (mulrC (a i 0)).
Qed.

Lemma combination_col r (h : 'I_r -> fn) (a : 'I_r -> K) x o :
  combination a h x o = combination (fun v => (\col_i a i) v 0) h x o.
Proof. by apply: eq_bigr => v _; rewrite mxE. Qed.

Lemma independent_col r (h : 'I_r -> fn) : independent h ->
  forall a : 'cV[K]_r, (forall x o, combination (fun v => a v 0) h x o = 0) -> a = 0.
Proof. by move=> indep a zero; apply/matrixP => i s; rewrite ord1 [RHS]mxE (indep _ zero). Qed.

(* Independent functions h, expressed by functions g that are expressed by h: the product of the matrices is 1. *)
Lemma span_matrix_inverse r m (h : 'I_r -> fn) (g : 'I_m -> fn) (C : 'M[K]_(r, m)) (D : 'M[K]_(m, r)) :
  independent h -> (forall i x o, g i x o = combination (fun v => C v i) h x o) ->
  (forall v x o, h v x o = combination (fun i => D i v) g x o) -> C *m D = 1%:M.
Proof.
move=> indep gh hg; apply/matrixP => w v.
suff /matrixP/(_ w 0): col v (C *m D) = col v 1%:M by rewrite !mxE.
apply/eqP; rewrite -subr_eq0; apply/eqP; apply: (independent_col indep) => x o.
transitivity (combination (fun u => (C *m col v D) u 0) h x o - h v x o).
  rewrite /combination -[h v x o]mul1r (bigD1 v) //= [X in _ = X - _](bigD1 v) //=.
  rewrite addrAC; congr (_ + _).
    by rewrite -mulrBl !mxE eqxx; congr ((_ - _) * _); apply: eq_bigr => i _; rewrite !mxE.
  apply: eq_bigr => u uv; rewrite !mxE (negbTE uv) subr0; congr (_ * _).
  by apply: eq_bigr => i _; rewrite !mxE.
rewrite -(combination_comp _ _ _ gh) hg.
by apply/eqP; rewrite subr_eq0; apply/eqP; apply: eq_bigr => i _; rewrite mxE.
Qed.

Theorem dim_span_unique m (g : 'I_m -> fn) r s : dim_span g r -> dim_span g s -> r = s.
Proof.
have le a b : dim_span g a -> dim_span g b -> (a <= b)%N.
  move=> [h [hi hg gh]] [k [ki kg gk]].
  have hk v : in_span k (h v).
    have [e e_def] := hg v; have [C C_def] := span_matrix gk.
    exists (fun w => (C *m \col_i e i) w 0) => x o.
    by rewrite e_def combination_col (combination_comp _ _ _ C_def).
  have kh v : in_span h (k v).
    have [e e_def] := kg v; have [C C_def] := span_matrix gh.
    exists (fun w => (C *m \col_i e i) w 0) => x o.
    by rewrite e_def combination_col (combination_comp _ _ _ C_def).
  have [C C_def] := span_matrix kh; have [D D_def] := span_matrix hk.
  exact: mulmx1_min (span_matrix_inverse hi C_def D_def).
by move=> gr gs; apply/eqP; rewrite eqn_leq !le.
Qed.

Theorem dim_span_exists m (g : 'I_m -> fn) : exists2 r, (r <= m)%N & dim_span g r.
Proof.
have [r [p [/row_freeP [D E1] det]]] := maximal_places g.
exists r; first exact: mulmx1_min E1.
pose h v : fn := fun x o => combination (fun i => D i v) g x o.
have hp : places_matrix h p = 1%:M by rewrite -E1; apply: places_matrix_span.
exists h; split=> [||i].
- apply/evaluation_lemma; exists p; rewrite hp; exact: unitmx1.
- by move=> v; exists (fun i => D i v).
pose E := places_matrix g p.
pose a : 'cV[K]_m := col i (1%:M - D *m E).
exists (fun v => E v i) => x o.
have zero : combination (fun j => a j 0) g x o = 0.
  apply: det; rewrite -/E /a colE mulmxA mulmxBr mulmx1 mulmxA E1 mul1mx subrr mul0mx //.
have split_a : combination (fun j => a j 0) g x o =
    g i x o - combination (fun j => (D *m col i E) j 0) g x o.
  rewrite /combination -[g i x o]mul1r (bigD1 i) //= [X in _ = _ - X](bigD1 i) //= opprD addrA.
  rewrite -mulrBl; congr (_ + _).
    by rewrite /a !mxE eqxx; congr ((_ - _) * _); apply: eq_bigr => u _; rewrite !mxE.
  rewrite -sumrN; apply: eq_bigr => j ji; rewrite /a !mxE (negbTE ji) sub0r mulNr; congr (- (_ * _)).
  by apply: eq_bigr => u _; rewrite !mxE.
have hg v : forall x o, h v x o = combination (fun j => D j v) g x o by [].
move: zero; rewrite split_a => /eqP; rewrite subr_eq0 => /eqP ->.
by rewrite -(combination_comp _ _ _ hg); apply: eq_bigr => v _; rewrite mxE.
Qed.

(* ---- Samples ---- *)

(* The n c places of n samples x_1, ..., x_n, and the evaluation matrix J_S: row (v, o), column i. *)
Definition places n (S : 'I_n -> X) (k : 'I_(n * c)) : place := mxvec (\matrix_(v, o) (S v, o)) 0 k.
Definition evaluation_matrix m (g : 'I_m -> fn) n (S : 'I_n -> X) := places_matrix g (places S).

Lemma placesE n (S : 'I_n -> X) v o : places S (mxvec_index v o) = (S v, o).
Proof. by rewrite /places mxvecE mxE. Qed.

Lemma evaluation_matrix_zero m (g : 'I_m -> fn) n (S : 'I_n -> X) (a : 'cV[K]_m) :
  evaluation_matrix g S *m a = 0 <-> forall v o, combination (fun i => a i 0) g (S v) o = 0.
Proof.
split=> [zero v o|zero].
  have := places_matrix_mul g (places S) a (mxvec_index v o).
  by rewrite placesE /= => <-; rewrite -/(evaluation_matrix g S) zero mxE.
apply/matrixP => k s; rewrite ord1 places_matrix_mul mxE.
by case/mxvec_indexP: k => v o; rewrite placesE zero.
Qed.

(* The only function of the span that vanishes on the samples is zero. *)
Definition determines n (S : 'I_n -> X) m (g : 'I_m -> fn) :=
  forall a : 'I_m -> K, (forall v o, combination a g (S v) o = 0) -> forall x o, combination a g x o = 0.

Lemma rank_evaluation_basis m r (g : 'I_m -> fn) (h : 'I_r -> fn) n (S : 'I_n -> X) :
  is_basis h g -> \rank (evaluation_matrix g S) = \rank (evaluation_matrix h S).
Proof.
move=> [indep hg gh]; have [C C_def] := span_matrix gh; have [D D_def] := span_matrix hg.
rewrite /evaluation_matrix (places_matrix_span _ C_def) mxrankMfree //.
by apply/row_freeP; exists D; apply: span_matrix_inverse indep C_def D_def.
Qed.

Theorem rank_evaluation_le m r (g : 'I_m -> fn) n (S : 'I_n -> X) :
  dim_span g r -> (\rank (evaluation_matrix g S) <= r)%N.
Proof. by move=> [h /rank_evaluation_basis ->]; apply: rank_leq_col. Qed.

Lemma determines_basis m r (g : 'I_m -> fn) (h : 'I_r -> fn) n (S : 'I_n -> X) :
  is_basis h g -> (determines S g <-> forall a : 'cV[K]_r, evaluation_matrix h S *m a = 0 -> a = 0).
Proof.
move=> [indep hg gh]; have [C C_def] := span_matrix gh; have [D D_def] := span_matrix hg.
split=> [det a /evaluation_matrix_zero zero|inj a zero x o].
  apply: (independent_col indep) => x o.
  rewrite (combination_comp a x o D_def); apply: det => v q.
  by rewrite -(combination_comp a _ _ D_def).
rewrite combination_col (combination_comp _ x o C_def) (inj (C *m \col_i a i)).
  by rewrite /combination big1 // => i _; rewrite mxE mul0r.
apply/evaluation_matrix_zero => v q.
by rewrite -(combination_comp _ _ _ C_def) -combination_col.
Qed.

Theorem determines_rank m (g : 'I_m -> fn) r n (S : 'I_n -> X) :
  dim_span g r -> (determines S g <-> \rank (evaluation_matrix g S) = r).
Proof.
move=> [h basis]; rewrite (rank_evaluation_basis _ basis) (determines_basis _ basis).
rewrite -mxrank_tr; split=> [inj|rank a zero].
  apply/eqP/inj_row_free => v rel; apply: trmx_inj; rewrite trmx0; apply: inj.
  by apply: trmx_inj; rewrite trmx_mul trmxK trmx0.
apply: trmx_inj; rewrite trmx0.
have free : row_free (evaluation_matrix h S)^T by apply/eqP.
by apply: (row_free_inj free); rewrite mul0mx -trmx_mul zero trmx0.
Qed.

End Families.
