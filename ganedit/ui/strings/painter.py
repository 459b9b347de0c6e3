"""Sentences of the painter, the canvas on which a mask is drawn. Each key: English, Chinese."""

STRINGS: dict[str, tuple[str, str]] = {
    "ge.painter.tools": ("Mask tools", "蒙版工具"),
    "ge.painter.canvas": (
        "The picture with its mask; paint over what should be filled",
        "图片及其蒙版；涂抹需要填充的部分",
    ),
    "ge.painter.brush": ("Brush", "画笔"),
    "ge.painter.eraser": ("Eraser (or the right mouse button)", "橡皮擦（或鼠标右键）"),
    "ge.painter.select": ("Smart select: stroke over a thing", "智能选择：在物体上画一笔"),
    "ge.painter.size": ("Brush size", "画笔大小"),
    "ge.painter.undo": ("Undo", "撤销"),
    "ge.painter.redo": ("Redo", "重做"),
    "ge.painter.invert": ("Invert the mask", "反转蒙版"),
    "ge.painter.clear": ("Clear the mask", "清除蒙版"),
    "ge.painter.out": ("Zoom out", "缩小"),
    "ge.painter.fit": ("Fit", "适合窗口"),
    "ge.painter.in": ("Zoom in (Ctrl + wheel, two fingers)", "放大（Ctrl + 滚轮，双指）"),
    "ge.painter.keys": (
        "<kbd>[</kbd> <kbd>]</kbd> brush size · <kbd>Shift</kbd> straight line · <kbd>Space</kbd> move the picture · "
        "<kbd>Ctrl</kbd> <kbd>Z</kbd> undo · <kbd>O</kbd> original",
        "<kbd>[</kbd> <kbd>]</kbd> 画笔大小 · <kbd>Shift</kbd> 直线 · <kbd>空格</kbd> 移动图片 · "
        "<kbd>Ctrl</kbd> <kbd>Z</kbd> 撤销 · <kbd>O</kbd> 查看原图",
    ),
    "ge.painter.original": ("Hold to see the original", "按住查看原图"),
    "ge.painter.bad_mask": (
        "The mask that the page sent cannot be read; reload the page and paint it again.",
        "无法读取页面发送的蒙版；请重新加载页面并再次涂抹。",
    ),
}
