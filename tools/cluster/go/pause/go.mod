module wsi.dev/native/pause

go 1.26.0
