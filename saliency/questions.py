"""What is asked: examples of a split, or texts of the user's own."""
import reprlib
from typing import NamedTuple

import nlp_utils
import text_datasets
from errors import UserError
from files.rows import check_text


class Question(NamedTuple):
    """An example to explain.

    Attributes:
        id (int): Its position in the split, or among the user's texts.
        example (text_datasets.Example): Tokens; the label -1 if unknown.
        words (list of list of str): Its words as they should be shown.
        split (str): The split it comes from, or None.
    """

    id: int
    example: text_datasets.Example
    words: list
    split: str = None


def own_questions(run, examples):
    """Questions about texts of the user's own.

    Args:
        run (runs.Run): The run that is asked.
        examples (iterable of sequence): One or two texts (str) each, as many
            as the run reads.

    Returns:
        list of Question: One an example; its words are as they were typed.

    Raises:
        UserError: If a text has no word, or is none.
    """
    questions = []
    for texts in examples:
        tokens = [_tokens(run, text) for text in texts]
        questions.append(Question(
            len(questions), text_datasets.Example(tuple(tokens), -1),
            list(map(nlp_utils.surface, texts, tokens))))
    return questions


def _tokens(run, text):
    check_text(text, 'a text to explain')
    tokens = nlp_utils.tokenize(
        text, raw=True, char_based=run.args.get('char_based', False))
    if not tokens:
        raise UserError(f'a text to explain is empty: {text!r}; give at '
                        'least one word')
    return tokens


def as_examples(texts, n_texts):
    """Texts as a caller in Python gives them, as examples.

    Args:
        texts (iterable): Strings; of a model of pairs, tuples of two.
        n_texts (int): Texts of an example, 1 or 2.

    Returns:
        list of tuple: Each of ``n_texts`` strings, at least one.

    Raises:
        UserError: If it is something else.
    """
    if isinstance(texts, (str, bytes)) or not hasattr(texts, '__iter__'):
        raise UserError(f'`texts` must be a list, got '
                        f'{reprlib.repr(texts)}; give '
                        + ('[text]' if n_texts == 1 else
                           '[(premise, hypothesis)]'), 'texts')
    examples = [(own,) if n_texts == 1 else own for own in texts]
    if not examples:
        raise UserError('`texts` is empty; give at least one text', 'texts')
    for i, own in enumerate(examples):
        if isinstance(own, str) or len(own) != n_texts or not all(
                isinstance(text, str) for text in own):
            wanted = ('a string, as this model reads single texts'
                      if n_texts == 1 else 'a tuple of two strings, premise '
                      'and hypothesis, as this model reads pairs')
            got = reprlib.repr(own[0] if n_texts == 1 else own)
            raise UserError(f'`texts`: number {i}, counted from 0, is {got}, '
                            f'but must be {wanted}', 'texts')
    return [tuple(own) for own in examples]


def check_premise(run, premise):
    """Only of a pair both texts can be scored.

    Args:
        run (runs.Run): The run that is asked.
        premise (bool): Whether both texts are to be scored.

    Raises:
        UserError: If the run reads single texts.
    """
    if premise and not run.data.pair:
        raise UserError('`premise`: this model reads single texts; leave it '
                        'out', 'premise')
