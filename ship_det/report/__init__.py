"""One page that shows what a detector does: figures, curves, test chips and the worst mistakes. Never imports torch."""

from ship_det.drawing.boxes import draw_boxes
from ship_det.report.report import draw_images, write_report
from ship_det.report.runs import ReportOptions, RunFiles

__all__ = ['ReportOptions', 'RunFiles', 'draw_boxes', 'draw_images', 'write_report']
