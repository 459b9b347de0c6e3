"""Sentences of the Inpaint tab. Each key: English, Chinese."""

STRINGS: dict[str, tuple[str, str]] = {
    "ge.tab.inpaint": ("Inpaint", "修补"),
    "ge.example.inpaint.hairline": ("Old portrait, scratched", "老照片，有划痕"),
    "ge.example.inpaint.shore": ("Coast, take a rock away", "海岸，移除岩石"),
    "ge.example.inpaint.cup": ("Coffee, take the spoon away", "咖啡，移除勺子"),
    "ge.example.inpaint.cat": ("Cat, brush something away", "猫，擦除任意部分"),
    # what to do
    "ge.inpaint.button": ("Fill the painted parts", "填充涂抹部分"),
    "ge.inpaint.try": ("Try all models", "试用全部模型"),
    "ge.inpaint.fetch": ("Fetch this model", "下载此模型"),
    "ge.inpaint.fetched": ("{id} is here now.", "{id} 已下载完成。"),
    "ge.inpaint.paint": ("Paint", "涂抹"),
    "ge.inpaint.grow": ("Grow the mask, px", "扩大蒙版（像素）"),
    "ge.inpaint.grow_info": (
        "A little wider than what should go, so that no rim of it stays.",
        "比要移除的部分略大一些，以免留下边缘。",
    ),
    "ge.inpaint.feather": ("Feather, px", "羽化（像素）"),
    "ge.inpaint.detail": ("Fine detail in large holes", "为大块区域补充细节"),
    # hints
    "ge.inpaint.hint": (
        "Paint over what should go, then fill. <b>{gan}</b> invents what may have been there; for hairlines "
        "<b>{hairline}</b> does as well, at once.",
        "涂抹要去除的部分，然后填充。<b>{gan}</b> 会推测被遮住的内容；细划痕可用 <b>{hairline}</b>，即时完成。",
    ),
    "ge.inpaint.hint_other": ("Not a GAN: quick, for hairlines and specks.", "非 GAN：速度快，适合细划痕和斑点。"),
    "ge.inpaint.hint_fetch": ("<b>{id}</b> is not here yet ({size}).", "<b>{id}</b> 尚未下载（{size}）。"),
    "ge.inpaint.hint_license": (
        "Its license forbids commercial use: fetch it in the Models tab, where you confirm that.",
        "其许可证禁止商业使用：请在“模型”页确认后下载。",
    ),
    "ge.inpaint.found": (
        "Marked {share} of the picture. Look it over with brush and eraser, then fill; <b>{model}</b> suits it.",
        "已标记画面的 {share}。请用画笔和橡皮擦检查后再填充；推荐使用 <b>{model}</b>。",
    ),
    "ge.inpaint.found_nothing": (
        "Found no scratches or dust; raise the sensitivity, or paint over them.",
        "未发现划痕或灰尘；请提高灵敏度，或直接涂抹。",
    ),
    # tools
    "ge.inpaint.scratches": ("Scratches and dust", "划痕与灰尘"),
    "ge.inpaint.sensitivity": ("Sensitivity", "灵敏度"),
    "ge.inpaint.find": ("Find scratches and dust", "查找划痕与灰尘"),
    "ge.inpaint.mask": ("Mask file", "蒙版文件"),
    "ge.inpaint.mask_in": ("Upload a mask", "上传蒙版"),
    "ge.inpaint.mask_out": ("Download the mask", "下载蒙版"),
    "ge.inpaint.mask_how": (
        "A picture of the same size; white is filled.",
        "与图片尺寸相同的图像；白色部分会被填充。",
    ),
    "ge.inpaint.extend": ("Extend the picture", "扩展画面"),
    "ge.inpaint.extend_button": ("Extend", "扩展"),
    "ge.inpaint.aspect": ("To an aspect ratio", "扩展到宽高比"),
    "ge.inpaint.by_pixels": ("by pixels", "按像素"),
    "ge.inpaint.position": ("Where the picture stands", "原图位置"),
    "ge.inpaint.position_left": ("left, top", "左／上"),
    "ge.inpaint.position_center": ("middle", "居中"),
    "ge.inpaint.position_right": ("right, bottom", "右／下"),
    "ge.inpaint.left": ("Left, px", "左（像素）"),
    "ge.inpaint.right": ("Right, px", "右（像素）"),
    "ge.inpaint.top": ("Top, px", "上（像素）"),
    "ge.inpaint.bottom": ("Bottom, px", "下（像素）"),
    # result
    "ge.inpaint.keep": ("Keep it and go on", "保留并继续"),
    "ge.result.seam": ("seam {score} (1 cannot be seen)", "接缝 {score}（1 表示不可见）"),
    "ge.inpaint.candidates": (
        "Candidates, with seconds and seam score: click the one to take",
        "候选结果（附秒数与接缝得分）：点击选用",
    ),
    "ge.inpaint.hole": ("For which hole", "用于哪个区域"),
    "ge.inpaint.all_holes": ("all", "全部"),
    "ge.inpaint.trying": ("Trying {id} ({number} of {count})", "正在试用 {id}（{number}/{count}）"),
    "ge.inpaint.no_mask": (
        "Paint over what should be filled first, upload a mask, or let the page find scratches.",
        "请先涂抹要填充的部分、上传蒙版，或自动查找划痕。",
    ),
    "ge.stage.scratches": ("Looking for scratches and dust", "正在查找划痕与灰尘"),
    "ge.stage.inpaint": ("Filling", "正在填充"),
    "ge.models.for.lama-big": ("Repeating structure: fences, tiles, walls", "重复结构：栅栏、瓷砖、墙面"),
    "ge.models.for.mat-places-512": ("Large holes; slow", "大面积区域；较慢"),
    "ge.models.for.migan-512": ("Removes things from photos, fast", "快速移除照片中的物体"),
    "ge.models.for.opencv-navier-stokes": ("Hairlines, at once; not a GAN", "细划痕，即时完成；非 GAN"),
    "ge.models.for.opencv-telea": ("Hairlines, at once; not a GAN", "细划痕，即时完成；非 GAN"),
}
