"""What is learned from examples held out of the index, and taken back."""
import numpy as np

from errors import ArgumentError
from neighbors import predictions, soft
from neighbors.examples import IndexedExamples
from neighbors.layers import naming_rows
from neighbors.predictions import References


class HeldOutExamples(IndexedExamples):
    """Keeps what ``DkNN.calibrate`` and ``DkNN.tune`` find.

    Args and attributes are those of ``DkNN``.
    """

    _learned_by = {**IndexedExamples._learned_by,
                   'calibrate': 'calibration_', 'tune': 'bandwidths_'}

    def use_calibration(self, activations, labels, votes, log_odds):
        """``calibrate``, but with what it found before.

        Args:
            activations (list): As for ``calibrate``.
            labels (ndarray): As for ``calibrate``.
            votes (list): ``calibration_votes_`` that it learned.
            log_odds (list): ``calibration_log_odds_``, likewise, with the
                bandwidths and weights of now.

        Returns:
            DkNN: This instance.

        Raises:
            ArgumentError: If they are not as many as the labels.
        """
        self._require('use_calibration', 'fit', 'tune')
        for name, values in [('votes', votes), ('log_odds', log_odds)]:
            if len(values) != len(labels):
                raise ArgumentError(
                    name, len(values), f'are not the {len(labels)} values of '
                    'these examples; call calibrate() instead')
        self._compare_with(*self._held_out(activations, labels,
                                           'calibration'), np.array(votes))
        return self._compare_softly_with(np.array(log_odds))

    def use_tuning(self, bandwidths, weights):
        """``tune``, but with what it found before.

        Args:
            bandwidths (list): ``bandwidths_`` that it learned.
            weights (list): ``weights_`` that it learned.

        Returns:
            DkNN: This instance.
        """
        self._require('use_tuning', 'fit')
        self._soft = soft.SoftLayers(self._indexes, self.labels_,
                                     self.n_class, self._k, bandwidths,
                                     weights)
        self.bandwidths_ = self._soft.bandwidths
        self.weights_ = self._soft.weights
        return self._compare_softly()

    # -------------------------------------------------------------- helpers

    def _learn(self, activations, labels, learn):
        super()._learn(activations, labels, learn)
        # What was learned before is not about these examples
        for learned in ('calibration_', 'calibration_votes_',
                        'calibration_log_odds_', 'bandwidths_', 'weights_'):
            self.__dict__.pop(learned, None)
        return self

    def _held_out(self, activations, labels, purpose):
        activations, labels = predictions.held_out(
            activations, labels, self._indexes.n_layers_, self.n_class,
            purpose)
        return self._indexes.rounded(activations), labels

    def _compare_with(self, activations, labels, votes):
        self._calibrated_on = activations, labels
        self.calibration_votes_ = votes
        self.calibration_ = 1 - votes / self._n_votes
        self._references = References(votes, labels, self.n_class,
                                      self.class_conditional)
        return self

    def _compare_softly(self):
        """Soft references, once there are calibration and tuning."""
        if hasattr(self, 'calibration_') and hasattr(self, 'bandwidths_'):
            activations, labels = self._calibrated_on
            self._compare_softly_with(self.soft_log_odds(activations)[
                np.arange(len(labels)), labels])
        return self

    def _compare_softly_with(self, log_odds):
        # -log q is compared as log-odds, which fall as it rises, and are not
        # rounded to 0 where q is near 1
        self.calibration_log_odds_ = log_odds
        self._soft_references = References(
            log_odds, self._calibrated_on[1], self.n_class,
            self.class_conditional)
        return self

    def _scores(self, method, activations, *verbs):
        activations = self._checked(method, activations, 'fit', 'tune',
                                    *verbs)
        with naming_rows(activations):
            return self._soft.scores(activations)

    def _votes_and_scores(self, activations):
        """Votes int64 (B, C) and soft scores float64 (B, C)."""
        if not self._soft.shares_pass:
            with naming_rows(activations):
                return self.votes(activations), self._soft.scores(activations)
        shape = len(activations[0]), self.n_class
        votes, scores = np.zeros(shape, np.int64), np.empty(shape)
        for rows, (found, sets) in self._indexes.in_batches(
                activations, self._soft.scores_and_sets):
            scores[rows] = found
            self._count(sets, votes[rows])
        return votes, scores
