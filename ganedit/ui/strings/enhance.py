"""Sentences of the Enhance tab. Each key: English, Chinese."""

STRINGS: dict[str, tuple[str, str]] = {
    "ge.example.enhance.astronaut": ("Portrait, JPEG damage", "人像，JPEG 压缩"),
    "ge.example.enhance.cat": ("Cat, clean and small", "猫，清晰小图"),
    "ge.example.enhance.coffee": ("Coffee, blurred and noisy", "咖啡，模糊有噪点"),
    "ge.example.enhance.rocket": ("Rocket, dark and noisy", "火箭，偏暗有噪点"),
    "ge.model.guard": ("Keep the colors of the original", "保持原图色彩"),
    "ge.model.guard_info": (
        "Broad tones follow your picture; only detail is new.",
        "整体色调跟随原图，只补充细节。",
    ),
    "ge.model.denoise": ("Noise removal", "去噪强度"),
    "ge.model.auto": ("Automatic", "自动"),
    "ge.hint.auto": (
        "<b>{best}</b> is chosen: it is quick enough here. For drawings choose <b>{drawing}</b>.",
        "已选用 <b>{best}</b>：它在本机上足够快。插画请选 <b>{drawing}</b>。",
    ),
    "ge.hint.auto_missing": (
        "No network is chosen, because <b>{best}</b> is not here: fetch it in the Models tab for finer detail.",
        "未使用网络，因为尚未下载 <b>{best}</b>：请到“模型”页获取，以得到更精细的细节。",
    ),
    "ge.hint.auto_slow": (
        "No network is chosen, because <b>{best}</b> takes long for a picture of this size here. For drawings choose "
        "<b>{drawing}</b>.",
        "未使用网络，因为 <b>{best}</b> 在本机处理这个尺寸的图片耗时较长。插画请选 <b>{drawing}</b>。",
    ),
    "ge.hint.clean": (
        "This picture looks clean. For a larger, crisp look use <b>{best}</b>; to stay closest to the original use "
        "<b>none</b>. For drawings there is <b>{drawing}</b>.",
        "这张图片画质良好。想要更清晰的放大效果可用 <b>{best}</b>；想最忠于原图可用 <b>none</b>。"
        "插画可用 <b>{drawing}</b>。",
    ),
    "ge.hint.damaged": (
        "This picture looks noisy or compressed. <b>{best}</b> cleans it while it enlarges. For drawings there is "
        "<b>{drawing}</b>.",
        "这张图片有噪点或压缩痕迹。<b>{best}</b> 会在放大的同时清理画面。插画可用 <b>{drawing}</b>。",
    ),
    "ge.hint.limit": (
        "{wished}× would be {made} megapixels, and at most {limit} are made here: {fits}× is set.",
        "放大 {wished} 倍将有 {made} 百万像素，而此处最多生成 {limit} 百万像素，因此设为 {fits} 倍。",
    ),
    "ge.hint.none": (
        "No network: smooth enlargement, nothing is invented.",
        "不使用网络：平滑放大，不会凭空生成任何内容。",
    ),
    "ge.hint.start": ("Choose a picture and we say which model suits it.", "选择图片后，会提示合适的模型。"),
    "ge.scale.custom": ("Size", "尺寸"),
    "ge.scale.height": ("Height, px", "高度（像素）"),
    "ge.scale.label": ("Enlarge", "放大"),
    "ge.scale.width": ("Width, px", "宽度（像素）"),
    "ge.tone.brightness": ("Brightness", "亮度"),
    "ge.tone.contrast": ("Contrast", "对比度"),
    "ge.tone.gamma": ("Gamma", "伽马"),
    "ge.tone.pick": ("Click a spot in the picture that should be gray.", "在图片中点击一处应为灰色的位置。"),
    "ge.tone.reset": ("Reset", "重置"),
    "ge.tone.saturation": ("Saturation", "饱和度"),
    "ge.tone.sharpness": ("Sharpness", "锐度"),
    "ge.tone.title": ("Light & color", "光线与色彩"),
    "ge.tone.wb": ("White balance", "白平衡"),
    "ge.tone.wb_gray": ("Automatic", "自动"),
    "ge.tone.wb_none": ("As it is", "保持原样"),
    "ge.tone.wb_pick": ("Pick a spot", "取色"),
    "ge.advanced.precision": ("Precision", "计算精度"),
    "ge.advanced.tile": ("Tile, px (0 = automatic)", "分块大小（像素，0 为自动）"),
    "ge.advanced.title": ("Advanced", "高级"),
    "ge.run.better": ("{model}, about {minutes} min", "{model}，约 {minutes} 分钟"),
    "ge.run.button": ("Enhance", "开始增强"),
    "ge.stage.adjust": ("Light and color", "调整光线与色彩"),
    "ge.stage.guard": ("Matching the colors", "正在校正色彩"),
    "ge.result.invented": ("What did the model invent?", "模型凭空生成了什么？"),
    "ge.result.invented_how": (
        "Bright spots are where the result, made small again, departs from your picture.",
        "亮处表示结果缩回原尺寸后与原图不同的地方。",
    ),
    "ge.result.preview": ("Preview", "预览"),
}
