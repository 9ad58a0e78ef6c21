extension RuntimeSpec {
    /// Weights and limits of block devices. config-linux.md, "Block IO".
    public struct BlockIO: Hashable, Sendable {
        /// 10 to 1000.
        public var weight: UInt16?
        public var leafWeight: UInt16?
        public var weightDevice: [WeightDevice] = []
        /// Bytes a second.
        public var throttleReadBpsDevice: [ThrottleDevice] = []
        public var throttleWriteBpsDevice: [ThrottleDevice] = []
        /// Requests a second.
        public var throttleReadIOPSDevice: [ThrottleDevice] = []
        public var throttleWriteIOPSDevice: [ThrottleDevice] = []
        public var other = JSONObject()

        public init() {}

        public init(json: JSON) throws(FieldError) {
            var reader = try FieldReader(json)
            weight = try reader.integer("weight")
            leafWeight = try reader.integer("leafWeight")
            weightDevice = try reader.list("weightDevice", WeightDevice.init(json:)) ?? []
            throttleReadBpsDevice = try reader.list("throttleReadBpsDevice", ThrottleDevice.init(json:)) ?? []
            throttleWriteBpsDevice = try reader.list("throttleWriteBpsDevice", ThrottleDevice.init(json:)) ?? []
            throttleReadIOPSDevice = try reader.list("throttleReadIOPSDevice", ThrottleDevice.init(json:)) ?? []
            throttleWriteIOPSDevice = try reader.list("throttleWriteIOPSDevice", ThrottleDevice.init(json:)) ?? []
            other = reader.rest
        }

        public var json: JSON {
            var writer = FieldWriter()
            writer.add("weight", weight)
            writer.add("leafWeight", leafWeight)
            writer.add("weightDevice", weightDevice, \.json)
            writer.add("throttleReadBpsDevice", throttleReadBpsDevice, \.json)
            writer.add("throttleWriteBpsDevice", throttleWriteBpsDevice, \.json)
            writer.add("throttleReadIOPSDevice", throttleReadIOPSDevice, \.json)
            writer.add("throttleWriteIOPSDevice", throttleWriteIOPSDevice, \.json)
            return writer.object(and: other)
        }
    }

    /// The weight of one device.
    public struct WeightDevice: Hashable, Sendable {
        public var major: UInt32
        public var minor: UInt32
        public var weight: UInt16?
        public var leafWeight: UInt16?
        public var other = JSONObject()

        public init(major: UInt32, minor: UInt32, weight: UInt16?) {
            self.major = major
            self.minor = minor
            self.weight = weight
        }

        public init(json: JSON) throws(FieldError) {
            var reader = try FieldReader(json)
            major = try reader.required("major", try reader.integer("major"))
            minor = try reader.required("minor", try reader.integer("minor"))
            weight = try reader.integer("weight")
            leafWeight = try reader.integer("leafWeight")
            other = reader.rest
        }

        public var json: JSON {
            var writer = FieldWriter()
            writer.add("major", major)
            writer.add("minor", minor)
            writer.add("weight", weight)
            writer.add("leafWeight", leafWeight)
            return writer.object(and: other)
        }
    }

    /// The limit of one device.
    public struct ThrottleDevice: Hashable, Sendable {
        public var major: UInt32
        public var minor: UInt32
        /// In bytes or requests, each second.
        public var rate: UInt64
        public var other = JSONObject()

        public init(major: UInt32, minor: UInt32, rate: UInt64) {
            self.major = major
            self.minor = minor
            self.rate = rate
        }

        public init(json: JSON) throws(FieldError) {
            var reader = try FieldReader(json)
            major = try reader.required("major", try reader.integer("major"))
            minor = try reader.required("minor", try reader.integer("minor"))
            rate = try reader.required("rate", try reader.integer("rate"))
            other = reader.rest
        }

        public var json: JSON {
            var writer = FieldWriter()
            writer.add("major", major)
            writer.add("minor", minor)
            writer.add("rate", rate)
            return writer.object(and: other)
        }
    }
}
