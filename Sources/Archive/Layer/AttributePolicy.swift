import Linux

extension ExtendedAttribute {
    /// Whether a layer may bring it.
    ///
    /// `trusted.overlay.*` and `user.overlay.*` steer overlay: a redirect shows what another layer hides. `security.*`
    /// belongs to the host's policy but for file capabilities. A default ACL would change every file that is unpacked into
    /// its directory.
    var isAllowedInLayer: Bool {
        let name = name.bytes[...]
        if name.starts(with: "user.".utf8) { return !name.starts(with: "user.overlay.".utf8) }
        return name.elementsEqual("security.capability".utf8) || name.elementsEqual("system.posix_acl_access".utf8)
    }
}
