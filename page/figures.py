"""All figures, each written to a PNG, SVG or PDF file."""
from page.calibration_figures import (  # noqa: F401
    write_accuracy_coverage_figure,
    write_histogram_figure,
    write_reliability_figure,
)
from page.evaluation_figures import (  # noqa: F401
    write_estimates_figure,
    write_masking_figure,
)
from page.saliency_figure import write_saliency_figure  # noqa: F401
