"""Deep k-nearest neighbours on arrays.

``activations`` is always a list of L arrays (B, D_l), one a layer, input side
first, read as float32; any of them may be a memmap larger than memory.
B examples, C classes, k neighbours, N indexed training examples, n
calibration examples.

Sources: Papernot, McDaniel 2018, *Deep k-Nearest Neighbors*
(arXiv 1803.04765); Wallace, Feng, Boyd-Graber 2018, *Interpreting Neural
Networks with Nearest Neighbors* (arXiv 1809.02847); Vovk, Gammerman, Shafer
2005, *Algorithmic Learning in a Random World*.
"""
import numpy as np

from neighbors import bandwidths, predictions, soft
from neighbors.held_out import HeldOutExamples
from neighbors.layers import Neighbors, naming_rows
from neighbors.predictions import Prediction
from neighbors.votes import (
    as_labels,
    distance_sums,
    nearest_label,
    sum_by_label,
    tied,
)

__all__ = ['DkNN', 'Neighbors', 'Prediction']


class DkNN(HeldOutExamples):
    """Deep k-nearest neighbours (Papernot and McDaniel, 2018, algorithm 1).

    All methods raise UserError, a ValueError, for arrays that do not fit each
    other, the options or those given to ``fit``, and RuntimeError where
    ``fit``, ``calibrate`` or ``tune`` should have been called before.

    Args:
        n_class (int): C >= 2.
        n_neighbors (int): k >= 1, neighbours a layer.
        index (str, callable or object): A name in ``neighbors.INDEXES``; or
            a function without arguments that returns an index; or an index,
            which is copied for every layer.  An index has ``fit(X)`` and
            ``kneighbors(Q, k)`` returning (distances, indices), as in
            scikit-learn.
        layers (str or list): 'all' (as in the papers), 'last' (as in the
            code released with Wallace et al.), or layer numbers, counted
            from 0, negative from the end.
        class_conditional (bool): Compare with the calibration examples of
            the same label only (Mondrian p-values, Vovk et al., chapter 4).
        index_options (dict): Arguments of the named index's class, such as
            ``{'uri': 'shared.db'}`` of 'milvus', or ``{'sum_bits': 32}`` of
            'exact', for soft conformity in half the time but with fewer
            digits (``neighbors.ExactIndex``); None for its defaults.
        memory (int): Bytes within which the layers are searched with the
            index 'exact' (``neighbors.memory``): what does not fit stays in
            its file and is read in blocks.  Answers are the same to the last
            bit (but with ``sum_bits`` of 32).  None: no bound.
        device (module): CuPy, for the index 'exact' to multiply on the GPU
            that is current (``neighbors.devices``); other indexes search on
            the CPU.  Votes, neighbours and soft conformity (but with
            ``sum_bits`` of 32) are the same to the last bit; ``tune`` and
            ``soft_gradients`` round otherwise.  None: on the CPU.

    Attributes:
        layers_ (tuple): Numbers of the layers searched.
        labels_ (ndarray): int64 (N,), labels of the training examples.
        indexes_ (list): One fitted index a searched layer.
        calibration_ (ndarray): float64 (n,), nonconformity
            a_i = 1 - c(x_i, y_i) of the calibration examples, in the order
            given; ``calibration_votes_``, int64 (n,), counts what c is the
            share of, and ``calibration_log_odds_``, float64 (n,), are those
            of soft conformity.  ``use_calibration`` takes both back.
        bandwidths_ (tuple): Floats s_l > 0 of soft conformity, one a
            searched layer; ``use_tuning`` takes them back.
        weights_ (tuple): Floats w_l >= 0, likewise.

    Raises:
        ArgumentError: An option is not as above.
    """

    def __init__(self, n_class, n_neighbors=75, index='exact', layers='all',
                 class_conditional=False, index_options=None, memory=None,
                 device=None):
        super().__init__(n_class, n_neighbors, index, layers, index_options,
                         memory, device)
        self.class_conditional = class_conditional

    # ------------------------------------------------------------- learning

    def calibrate(self, activations, labels):
        """Measures the nonconformity of examples held out of the index.

        Papernot and McDaniel (2018), section IV, with shares of neighbours
        in place of counts: a_i = 1 - c(x_i, y_i).

        Args:
            activations (list): L arrays (n, D_l), n >= 1.
            labels (ndarray): Integers (n,) in [0, C).

        Returns:
            DkNN: This instance.
        """
        self._require('calibrate', 'fit')
        activations, labels = self._held_out(activations, labels,
                                             'calibration')
        rows = np.arange(len(labels))
        if not hasattr(self, 'bandwidths_'):
            return self._compare_with(activations, labels, self.votes(
                activations)[rows, labels])
        votes, odds = self.votes_and_log_odds(activations)
        self._compare_with(activations, labels, votes[rows, labels])
        return self._compare_softly_with(odds[rows, labels])

    def tune(self, activations, labels):
        """Chooses bandwidths and weights of soft conformity.

        Those of the least mean -log q(x, y), see ``neighbors.bandwidths``.
        Not on the calibration examples: their p-values would no longer be
        valid.  May come before or after ``calibrate``.

        Args:
            activations (list): L arrays (n, D_l), n >= 1, of a validation
                split.
            labels (ndarray): Integers (n,) in [0, C).

        Returns:
            DkNN: This instance.
        """
        self._require('tune', 'fit')
        activations, labels = self._held_out(activations, labels,
                                             'validation')
        with naming_rows(activations):
            found = bandwidths.choose(self._indexes, self.labels_,
                                      self.n_class, self._k, activations,
                                      labels)
        return self.use_tuning(*found)

    def conformity(self, activations):
        """Share of the neighbours that have each label.

        Wallace et al. (2018), section 3: c(x, y) over the neighbours of all
        searched layers.

        Returns:
            ndarray: float64 (B, C) in [0, 1], rows sum to 1.
        """
        return self.conformity_from_votes(self.votes(activations))

    def p_values(self, activations):
        """How usual the nonconformity of each label would be.

        Vovk et al. (2005), chapter 2: p_y(x) =
        (#{i : a_i >= 1 - c(x, y)} + 1) / (n + 1).  Papernot and McDaniel
        (2018) leave out the two 1s; here they are in, ties count (they are
        decided on vote counts, hence exactly), and no score is trimmed.
        With ``class_conditional``, a_i and n are those of label y; a label
        without calibration examples has the p-value 1.

        Returns:
            ndarray: float64 (B, C) in (0, 1].
        """
        self._require('p_values', 'fit', 'calibrate')
        return self.p_values_from_votes(self.votes(activations))

    def predict(self, activations, soft=False):
        """Label, credibility, confidence, conformity, p-values and votes.

        Papernot and McDaniel (2018), algorithm 1, except that the label is
        the argmax of conformity (there: of the p-values, which are tied more
        often) and ties have a rule.  Only examples with tied labels are
        searched again, for the distances.

        Args:
            activations (list): L arrays (B, D_l).
            soft (bool): Whether to go by soft conformity.  The nonconformity
                is -log q(x, y) then, and there are no votes.

        Returns:
            Prediction: Of the B examples.
        """
        if soft:
            return self._softly(self._scores('predict', activations,
                                             'calibrate'))
        activations = self._checked('predict', activations, 'fit',
                                    'calibrate')
        return self._counted(self.votes(activations), activations)

    def predict_both(self, activations):
        """``predict``, counted and softly.

        Args:
            activations (list): L arrays (B, D_l).

        Returns:
            tuple: Two Predictions of the B examples.
        """
        activations = self._checked('predict_both', activations, 'fit',
                                    'calibrate', 'tune')
        votes, scores = self._votes_and_scores(activations)
        return self._counted(votes, activations), self._softly(scores)

    # ---------------------------------------------------------- all examples

    def soft_conformity(self, activations):
        """Share of each label in kernel sums over the training examples.

        Soft nearest neighbours (Goldberger et al. 2004; Frosst et al. 2019,
        arXiv 1902.01889): q_l(x, y) is the share of label y in the sum of
        exp(-d_l(x, x_i)^2 / 2 s_l^2) over all N training examples, and
        q(x, y) is proportional to prod_l q_l(x, y)^w_l.  Neither k nor ties.
        Indexes other than 'exact' sum over the k neighbours that they find,
        see ``neighbors.found.FoundExamples``.

        Returns:
            ndarray: float64 (B, C) in [0, 1], rows sum to 1.
        """
        return soft.conformity(self._scores('soft_conformity', activations))

    def soft_log_odds(self, activations):
        """log q(x, y) - log(1 - q(x, y)), without saturation.

        Within 5e-7 of exact arithmetic, or 2^-27 of the value beyond 128,
        and the same in whatever batch (``neighbors.soft``); with ``sum_bits``
        of 32 as ``neighbors.float32_sums`` says.

        Returns:
            ndarray: float64 (B, C), finite.
        """
        return soft.log_odds(self._scores('soft_log_odds', activations))

    def votes_and_log_odds(self, activations):
        """``votes`` and ``soft_log_odds``.

        With ``index_options={'sum_bits': 32}`` one pass over the examples is
        enough for both, unless they are searched in stretches.

        Args:
            activations (list): L arrays (B, D_l).

        Returns:
            tuple: int64 (B, C), and float64 (B, C).
        """
        votes, scores = self._votes_and_scores(self._checked(
            'votes_and_log_odds', activations, 'fit', 'tune'))
        return votes, soft.log_odds(scores)

    def soft_gradients(self, activations, targets):
        """Gradient of ``soft_log_odds`` by the activations.

        d/dh_l [log q(x, y) - log(1 - q(x, y))], analytically: counted votes
        have none.

        Args:
            activations (list): L arrays (B, D_l).
            targets (ndarray): Integers (B,) in [0, C), the class y of each.

        Returns:
            list: L arrays, float64 (B, D_l); 0 for layers that are not
            searched or have the weight 0.
        """
        activations = self._checked('soft_gradients', activations, 'fit',
                                    'tune')
        targets = as_labels(targets, len(activations[0]), self.n_class)
        with naming_rows(activations):
            return self._soft.gradients(activations, targets)

    def soft_shares(self, activations, found):
        """What part of each layer's kernel sums the neighbours have.

        Args:
            activations (list): L arrays (B, D_l).
            found (Neighbors): What ``search`` returned for them.

        Returns:
            ndarray: float64 (B, n_layers, k) in [0, 1]; 0 in a layer of
            weight 0.
        """
        activations = self._checked('soft_shares', activations, 'fit', 'tune')
        found = self._as_neighbors(found)
        with naming_rows(activations):
            return self._soft.shares(activations, found.distances)

    # ----------------------------------------------------- without a search

    def predict_from_neighbors(self, found):
        """What ``predict`` says of examples that were searched before.

        Args:
            found (Neighbors): What ``search`` returned for B examples.

        Returns:
            Prediction: Of the B examples.
        """
        self._require('predict_from_neighbors', 'fit', 'calibrate')
        found = self._as_neighbors(found)
        votes = sum_by_label(found.indices, self.labels_, self.n_class)
        rows = tied(votes)
        return self._prediction(votes, [
            (rows, Neighbors(found.indices[rows], found.distances[rows]))])

    def conformity_from_votes(self, votes):
        """Conformity float64 (B, C) of what ``votes`` returned."""
        self._require('conformity_from_votes', 'fit')
        return votes / self._n_votes

    def p_values_from_votes(self, votes):
        """P-values float64 (B, C) of what ``votes`` returned."""
        self._require('p_values_from_votes', 'fit', 'calibrate')
        # a_i >= 1 - c(x, y) if and only if votes_i <= votes(x, y)
        return self._references.p_values(votes)

    prediction_set = staticmethod(predictions.prediction_set)

    # -------------------------------------------------------------- helpers

    def _counted(self, votes, activations):
        return self._prediction(votes, self._indexes.neighbors(
            activations, self._k, tied(votes)))

    def _prediction(self, votes, searched):
        """What follows from votes (B, C).

        ``searched`` yields rows and their ``Neighbors``, for all rows with
        tied labels.
        """
        label = votes.argmax(axis=1)
        for rows, found in searched:
            label[rows] = nearest_label(
                votes[rows],
                distance_sums(found, self.labels_, self.n_class))
        return predictions.predicted(
            label, self.conformity_from_votes(votes),
            self.p_values_from_votes(votes), votes)

    def _softly(self, scores):
        odds = soft.log_odds(scores)
        return predictions.predicted(
            odds.argmax(axis=1), soft.conformity(scores),
            self._soft_references.p_values(odds))
