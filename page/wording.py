"""Numbers and names in words, for those who have not read the paper."""


def percent(share):
    """Writes a share as a percentage.

    Args:
        share (float): In [0, 1].

    Returns:
        str: Without decimals, near either end with one; never 0 or 100 for
        what is neither.
    """
    value = 100 * share
    digits = 1 if 0 < value < 9.5 or 99 < value < 100 else 0
    if 0 < value < .05:
        return 'less than 0.1 %'
    if 99.95 <= value < 100:
        return 'more than 99.9 %'
    return f'{value:.{digits}f} %'


def unusual(credibility):
    """Says what a credibility means.

    Args:
        credibility (float): In (0, 1].

    Returns:
        str: Half a sentence.
    """
    if credibility >= 1:
        return 'no held-out text is more usual'
    return f'{percent(credibility)} of held-out texts are as unusual'


def set_meaning(prediction_set, n_class):
    """Says what a prediction set means.

    Args:
        prediction_set (list of int): Labels.
        n_class (int): How many there are.

    Returns:
        str: Half a sentence.
    """
    n, left = len(prediction_set), n_class - len(prediction_set)
    if not n:
        return 'every label is ruled out, the text is unlike what was learnt'
    if not left:
        return 'no label could be ruled out'
    return ('all others are ruled out' if n == 1 else
            f'the other {left} are ruled out' if left > 1 else
            'the other one is ruled out')
