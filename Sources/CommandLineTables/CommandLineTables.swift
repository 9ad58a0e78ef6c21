// CommandLineTables
