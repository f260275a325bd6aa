"""Answers to what the page asks, without a server around it."""
import functools
import threading

import nlp_utils
from errors import UserError
from interactive.similar import SimilarWords
from live import asked as limits
from page import live as drawn
from saliency import questions
from saliency.methods import METHODS

KEPT = 64  # answers that are kept: the text before a change is asked again
LONG = 60  # words
MOST_WAITING = 8  # questions at a time, all but one of which wait


class Busy(UserError):
    """More questions than can be answered soon.

    Args:
        sentence (str): What to tell the client.
        status (int): Of HTTP.
    """

    def __init__(self, sentence, status=503):
        super().__init__(sentence)
        self.status = status


class Desk:
    """Answers questions about one run, from any thread.

    Args:
        explainer (interactive.explainer.TextExplainer): Of the run.
    """

    def __init__(self, explainer):
        self.run = explainer.run
        self._explainer = explainer
        self._similar = SimilarWords(self.run)
        self._places = threading.BoundedSemaphore(MOST_WAITING)
        self._kept = functools.lru_cache(KEPT)(self._computed)

    def about(self):
        """What a client must know of the run.

        Returns:
            dict: JSON-ready (docs/serve.md).
        """
        data = self.run.data
        return {
            'dataset': self.run.args['dataset'],
            'model': self.run.args['model'],
            'label_names': list(data.label_names), 'pair': data.pair,
            'splits': {name: len(getattr(data, name))
                       for name in ('test', 'valid', 'calib')},
            'methods': {name: method.summary
                        for name, method in METHODS.items()},
            'fast_methods': [name for name in limits.FAST_METHODS],
            'most_words': limits.MOST_WORDS,
            'most_characters': limits.MOST_CHARACTERS}

    def warm_up(self):
        """Asks once about a short and a long text, for what is compiled or
        read when it is first needed: NLTK, too, by a quotation mark."""
        n_texts = 2 if self.run.data.pair else 1
        words = [token for example in self.run.data.test[:LONG]
                 for token in example.texts[0]]
        for n in (5, LONG):
            self.explain(limits.Asked(
                texts=[f'{" ".join(words[:n])} "'] * n_texts, html=True,
                edits=[limits.Edit(n_texts - 1, 0)]))

    def explain(self, asked):
        """Answers ``/api/explain``.

        Args:
            asked (live.asked.Asked): What was asked.

        Returns:
            dict: ``records``, one, or those before and after the edits;
            ``changes``, the neighbours that left and came, None without
            edits; with ``html`` what ``page.live.draw`` returns.

        Raises:
            Busy: If too many questions wait.
            UserError: If there is no such text, word or method.
        """
        with self._place():
            before = self._question(asked)
            limits.check_words(before.words)
            asked_for = [before]
            if asked.edits:
                asked_for.append(questions.edited(self.run, before, {
                    (edit.text, edit.word): edit.to for edit in asked.edits}))
                limits.check_words(asked_for[1].words)
            found = {'records': [self._record(question, asked)
                                 for question in asked_for],
                     'changes': None}
            if asked.edits:
                found['changes'] = self._explainer.changes(
                    *asked_for, asked.nearest)
            if asked.html:
                found.update(drawn.draw(found['records'], found['changes'],
                                        asked.width))
            return found

    def similar(self, asked):
        """Answers ``/api/similar``.

        Args:
            asked (live.asked.AskedWord): What was asked.

        Returns:
            dict: ``words``, a dict with ``word`` and ``cosine`` each, the
            nearest first.
        """
        token = nlp_utils.normalize_text(asked.word)
        return {'words': [{'word': word, 'cosine': cosine}
                          for word, cosine in self._similar(token, asked.n)]}

    def _place(self):
        if not self._places.acquire(blocking=False):
            raise Busy(f'{MOST_WAITING} questions are waiting already; ask '
                       'again in a moment')
        return _Released(self._places)

    def _question(self, asked):
        if asked.texts is None:
            return questions.split_question(self.run, asked.split, asked.id)
        n_texts = 2 if self.run.data.pair else 1
        if len(asked.texts) != n_texts:
            raise UserError(f'this model reads {n_texts} text'
                            f'{"s" if n_texts > 1 else ""} at a time, got '
                            f'{len(asked.texts)}')
        return questions.own_questions(self.run, [asked.texts])[0]

    def _record(self, question, asked):
        return self._kept(_frozen(question), tuple(asked.methods),
                          asked.nearest)

    def _computed(self, question, methods, nearest):
        return self._explainer.explain_question(question, methods, nearest)


class _Released:
    """Gives a place back when it is left."""

    def __init__(self, places):
        self._places = places

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._places.release()


def _frozen(question):
    """A question that can be a key: lists become tuples."""
    example = question.example._replace(
        texts=tuple(map(tuple, question.example.texts)))
    return question._replace(example=example,
                             words=tuple(map(tuple, question.words)))
