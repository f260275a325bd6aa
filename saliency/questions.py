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


def split_question(run, split, i):
    """The question about an example of a split.

    Args:
        run (runs.Run): The run that is asked.
        split (str): ``'test'``, ``'valid'`` or ``'calib'``.
        i (int): Position in the split.

    Returns:
        Question: Its words are the tokens.

    Raises:
        UserError: If the split has no such example.
    """
    examples = getattr(run.data, split)
    if not 0 <= i < len(examples):
        raise UserError(f'there is no text {i} among the {len(examples):,} '
                        f'of split {split}, which count from 0')
    return Question(i, examples[i], examples[i].texts, split)


def edited(run, question, edits):
    """A question with words left out, or others in their place.

    Args:
        run (runs.Run): The run that is asked.
        question (Question): What was asked before.
        edits (dict): (text, word), positions as in ``words``, to what stands
            there instead (str); ``''`` where the word is left out.

    Returns:
        Question: Without split and label, as it is no example of the data;
        what stands instead is one word or several, read as ``own_questions``
        reads them.

    Raises:
        UserError: If there is no such word, or a text has none left.
    """
    tokens = [list(zip(own, shown, strict=True)) for own, shown in zip(
        question.example.texts, question.words, strict=True)]
    for text, word in edits:
        if not (0 <= text < len(tokens) and 0 <= word < len(tokens[text])):
            raise UserError(f'there is no word {word} in text {text}; both '
                            'count from 0')
    texts = [[part for i, pair in enumerate(own)
              for part in _in_place(run, pair, edits.get((side, i)))]
             for side, own in enumerate(tokens)]
    if not all(texts):
        raise UserError('no word would be left of a text; leave one')
    return Question(question.id, text_datasets.Example(
        tuple([token for token, _ in own] for own in texts), -1),
        [[word for _, word in own] for own in texts])


def _in_place(run, pair, to):
    """(token, word) pairs of what stands in place of one such pair."""
    if not to:
        return [pair] if to is None else []
    tokens = _tokens(run, to)
    return zip(tokens, nlp_utils.surface(to, tokens), strict=True)


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
