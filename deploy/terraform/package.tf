# The package that `make zip` builds, in a bucket: it is larger than the 4 MB that the provider takes in a plan.

locals {
  package        = coalesce(var.package, "${path.module}/../../peerguard.zip")
  package_bucket = coalesce(var.package_bucket, "peerguard-${data.alicloud_account.current.id}-${data.alicloud_regions.current.regions[0].id}")
}

# https://registry.terraform.io/providers/aliyun/alicloud/latest/docs/resources/oss_bucket
resource "alicloud_oss_bucket" "packages" {
  count = contains(var.parts, "bucket") ? 1 : 0

  bucket = local.package_bucket
}

# https://registry.terraform.io/providers/aliyun/alicloud/latest/docs/resources/oss_bucket_object
resource "alicloud_oss_bucket_object" "package" {
  count = contains(var.parts, "function") ? 1 : 0

  bucket = local.package_bucket
  key    = "peerguard-${filesha256(local.package)}.zip" # another package is another object, so the function is updated
  source = local.package

  lifecycle {
    create_before_destroy = true
  }

  depends_on = [alicloud_oss_bucket.packages]
}
