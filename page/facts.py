"""What the page and its script must know of the records, beside the words."""
import itertools
import re

import numpy as np

from saliency.records import agreement, source_words


def training_texts(records):
    """Numbers the training texts that are named as neighbours.

    Args:
        records (list of dict): Records (``saliency.records``).

    Returns:
        dict: Texts (a tuple of one or two strings) -> position, in the order
        of first mention; each is there once.
    """
    named = (tuple(near['texts'])
             for record in records
             for layer in record.get('neighbors') or ()
             for near in layer['nearest'])
    return {texts: i for i, texts in enumerate(dict.fromkeys(named))}


def record_facts(record, training):
    """Collects what the page's script must know of a record.

    Args:
        record (dict): A record (``saliency.records``) without ``<eos>``.
        training (dict): What ``training_texts`` returned.

    Returns:
        dict: JSON-ready; the keys that ``page.js`` reads: ``gold``,
        ``softmax``, ``dknn`` and ``soft`` (labels or None), ``credibility``,
        ``confidence`` (of softmax), ``conformity`` (the highest),
        ``soft_credibility`` (of soft DkNN),
        ``length`` (words), ``differ`` and ``rank`` (see
        ``saliency.records.agreement``), ``layers``, ``classes`` (softmax
        probabilities, conformity and p-values of all labels, then the last
        two of soft DkNN if the record has it) and ``text``, what is searched.
    """
    softmax, dknn = record.get('softmax') or {}, record.get('dknn') or {}
    soft = record.get('soft') or {}
    differ, rank = agreement(record)
    return {
        'gold': record.get('gold'), 'softmax': softmax.get('label'),
        'dknn': dknn.get('label'), 'soft': soft.get('label'),
        'credibility': dknn.get('credibility'),
        'soft_credibility': _number(soft.get('credibility')),
        'confidence': softmax.get('confidence'),
        'conformity': max(dknn.get('conformity') or [0]),
        'length': sum(map(len, record['words'])), 'differ': differ,
        'rank': rank,
        'layers': [_layer_facts(layer, training)
                   for layer in record.get('neighbors') or ()],
        'classes': [[_number(v) for v in values or ()] for values in (
            softmax.get('probabilities'), dknn.get('conformity'),
            dknn.get('p_values'), *([soft['conformity'], soft['p_values']]
                                    if soft else []))],
        'text': searched(record),
    }


def searched(record):
    """What a search on the page looks through.

    Args:
        record (dict): A record (``saliency.records``) without ``<eos>``.

    Returns:
        str: The words; of a user's own table then the row's id.
    """
    own = (record.get('source') or {}).get('id')
    return ' '.join([*itertools.chain(*record['words']),
                     *([own] if own else [])])


def removal(record):
    """Sums up what leaving out a word changes among the neighbours.

    Args:
        record (dict): A record (``saliency.records``).

    Returns:
        dict or None: ``word`` (str); ``left`` and ``came`` (lists of C ints):
        neighbours of each label, over all layers, that left and came;
        ``n_left`` and ``n_votes`` (ints): how many left, and of how many.
        None where the record has no ``removed``.
    """
    removed = record.get('removed')
    if not removed:
        return None
    left, came = (np.sum([layer[f'{name}_votes']
                          for layer in removed['layers']], axis=0)
                  for name in ('left', 'came'))
    n_votes = sum(sum(layer['votes']) for layer in record['neighbors'])
    return {'word': record['words'][removed['text']][removed['word']],
            'left': left.tolist(), 'came': came.tolist(),
            'n_left': int(left.sum()), 'n_votes': n_votes}


def accuracy(records, predictor):
    """Computes how often a predictor is right.

    Args:
        records (list of dict): Records (``saliency.records``).
        predictor (str): ``'dknn'``, ``'soft'`` or ``'softmax'``.

    Returns:
        float or None: Share in [0, 1] of the records with a gold label and a
        prediction; None where there are none.
    """
    right = [record[predictor]['label'] == record['gold']
             for record in records
             if record.get('gold') is not None and record.get(predictor)]
    return float(np.mean(right)) if right else None


def anchors(records):
    """Makes ids that a link to a record can name.

    Args:
        records (list of dict): Records (``saliency.records``).

    Returns:
        list of str: ``'t17'`` for the id 17; where that came before,
        ``'t17-2'``, ``'t17-3'`` and so on.
    """
    seen, found = {}, []
    for record in records:
        anchor = 't' + re.sub(r'[^\w-]', '-', str(record['id']), flags=re.A)
        seen[anchor] = seen.get(anchor, 0) + 1
        found.append(anchor if seen[anchor] == 1
                     else f'{anchor}-{seen[anchor]}')
    return found


def _layer_facts(layer, training):
    found = {
        'layer': layer['layer'], 'votes': [int(v) for v in layer['votes']],
        'nearest': [[int(near['index']), int(near['label']),
                     _number(near['distance']), training[tuple(near['texts'])],
                     *_more(near)] for near in layer['nearest']]}
    if 'weight' in layer:
        found['weight'] = _number(layer['weight'])
    return found


def _more(near):
    """What is known of some neighbours only: share and place in a table."""
    share = [_number(near['share'], 5)] if 'share' in near else []
    where = source_words(near)
    return [*(share or [None]), where] if where else share


def _number(value, digits=4):
    return None if value is None else round(float(value), digits)
