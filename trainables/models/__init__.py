# LAB: read /tmp/lab/TEAM.md (interfaces: build_target, ARCHITECTURES; names face_resnet.py, sface.py, small_cnn.py; load_sface()).
