# The Logstore that the function writes to, with the index of deploy/alerts/index.json, and its project.

# https://registry.terraform.io/providers/aliyun/alicloud/latest/docs/resources/log_project
resource "alicloud_log_project" "peerguard" {
  count = contains(var.parts, "log-project") ? 1 : 0

  project_name = var.log_project
  description  = "decisions of peerguard"
}

# https://registry.terraform.io/providers/aliyun/alicloud/latest/docs/resources/log_store
resource "alicloud_log_store" "peerguard" {
  count = contains(var.parts, "logstore") ? 1 : 0

  project_name     = var.log_project
  logstore_name    = var.logstore
  retention_period = var.retention_days

  depends_on = [alicloud_log_project.peerguard]
}

# https://registry.terraform.io/providers/aliyun/alicloud/latest/docs/resources/log_store_index
resource "alicloud_log_store_index" "peerguard" {
  count = contains(var.parts, "logstore") ? 1 : 0

  project      = var.log_project
  logstore     = alicloud_log_store.peerguard[0].logstore_name
  max_text_len = module.files.index.max_text_len

  full_text {
    case_sensitive  = module.files.index.line.caseSensitive
    include_chinese = module.files.index.line.chn
    token           = join("", module.files.index.line.token)
  }

  dynamic "field_search" {
    for_each = module.files.index.keys
    content {
      name             = field_search.key
      type             = field_search.value.type
      case_sensitive   = field_search.value.caseSensitive
      include_chinese  = field_search.value.chn
      enable_analytics = field_search.value.doc_value
      token            = join("", field_search.value.token)
    }
  }
}
