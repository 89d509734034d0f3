"""What a drawn figure shows."""


def legend(figure):
    return [text.get_text() for box in figure.legends for text in box.get_texts()]


def lines(panel, label):
    return [line for line in panel.get_lines() if line.get_label() == label]


def visible(figure):
    return [panel for panel in figure.axes if panel.get_visible()]
