variable "folders" {
  description = "Folders of the resource directory whose accounts get the role, below them included. The root folder is the whole directory."
  type        = list(string)
}

variable "function_account" {
  description = "Id of the account that peerguard runs in."
  type        = string
}

variable "function_role" {
  description = "Name of the function's role in that account. It must exist before the members' roles are created."
  type        = string
  default     = "peerguard"
}

variable "role_name" {
  description = "Name of the role in each member, and of the stack group: role_name of guard.accounts in the policy file."
  type        = string
  default     = "peerguard"
}

variable "external_id" {
  description = "external_id of guard.accounts in the policy file. Empty: the roles do not ask for one."
  type        = string
  default     = ""
}
